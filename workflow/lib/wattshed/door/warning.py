"""One warning on stderr per problem; it never raises."""

from __future__ import annotations

import sys
from contextlib import suppress

_given: set[str] = set()


def warn_once(sentence: str, about: str | None = None) -> None:
    """Print a sentence unless this process has printed one about the same; about: None compares the sentence itself.

    Not a Python warning: those become errors where the user asks for it, and record keeping must not end the work.
    """
    about = about or sentence
    if about not in _given:
        _given.add(about)
        say(f"wattshed: {sentence}")


def say(text: str) -> None:
    """Print on stderr, which may be closed or missing; stdout belongs to the program."""
    if sys.stderr is not None:
        with suppress(Exception):
            print(text, file=sys.stderr, flush=True)
