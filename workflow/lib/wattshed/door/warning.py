"""One warning on stderr per problem; it never raises."""

from __future__ import annotations

import sys
from contextlib import suppress

_given: set[str] = set()


def warn_once(sentence: str) -> None:
    """Print a sentence that this process has not printed yet.

    Not a Python warning: those become errors where the user asks for it, and record keeping must not end the work.
    """
    if sentence not in _given:
        _given.add(sentence)
        say(f"wattshed: {sentence}")


def say(text: str) -> None:
    """Print on stderr, which may be closed or missing; stdout belongs to the program."""
    with suppress(Exception):
        print(text, file=sys.stderr, flush=True)
