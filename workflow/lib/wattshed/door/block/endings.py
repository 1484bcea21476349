"""How a block ended: by itself, with an error, or stopped from outside."""

from __future__ import annotations

import sys
from typing import NamedTuple

from wattshed.foundation.faults import one_line
from wattshed.foundation.vocabulary import Outcome

LONGEST_REASON = 300


class Ending(NamedTuple):
    """reason: None for a block that ran to its end. exit_code: not 0 where the block failed."""

    reason: str | None = None
    exit_code: int | None = None

    @property
    def outcome(self) -> Outcome:
        if self.exit_code:
            return Outcome.FAILED
        return Outcome.STOPPED if self.reason else Outcome.FINISHED


def ending_of(error: BaseException | None) -> Ending:
    """The ending of a block that raised ``error``, None for one that did not."""
    if error is None:
        return Ending()
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted")
    # Not imported for this: asyncio takes 20 ms.
    cancelled = getattr(sys.modules.get("asyncio"), "CancelledError", GeneratorExit)
    if isinstance(error, (GeneratorExit, cancelled)):
        return Ending("cancelled")
    if isinstance(error, SystemExit):
        if error.code in (None, 0):
            return Ending()
        code = error.code if isinstance(error.code, int) else 1
        return Ending(f"exit code {code}", code)
    return Ending(f"{type(error).__name__}: {_text(error)}"[:LONGEST_REASON].rstrip(": "), 1)


def ending_at_exit() -> Ending:
    """The ending of a block that still ran when the interpreter ended."""
    error = getattr(sys, "last_value", None)
    if isinstance(error, BaseException):
        return ending_of(error)
    return Ending("the program ended before the block")


def _text(error: BaseException) -> str:
    try:
        return one_line(error)
    except Exception:
        return ""
