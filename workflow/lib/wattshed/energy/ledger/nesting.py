"""Jobs within jobs: the same work counts in several ledgers, and each says which part another one counts too.

Within a process, the job that began last counts what the process does; an earlier one notes what it used meanwhile as
covered. A process that a job starts learns that job's record from the environment.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattshed.energy.reading import Reading

VARIABLE = "WATTSHED_OUTER_RECORD"
_lock = threading.RLock()
_inherited = os.environ.get(VARIABLE)


class Held:
    """A running job of this process. own: reads its own energy so far; covered: what later jobs counted too."""

    def __init__(self, record_id: str, own: Callable[[], Reading]) -> None:
        self.record_id = record_id
        self.covered: Reading | None = None
        self._own = own
        self._since: Reading | None = None

    def cover(self) -> None:
        self._since = self._own()

    def uncover(self) -> None:
        if self._since is None:
            return
        more = self._own().since(self._since)
        self.covered = more if self.covered is None else self.covered.plus(more)
        self._since = None


# In the order in which they began.
_held: list[Held] = []


def outer_record() -> str | None:
    """The record of the job that started this process, if one did."""
    return _inherited


@contextmanager
def holding(record_id: str, own: Callable[[], Reading]) -> Iterator[Held]:
    """While a job runs: later jobs of this process cover it, and processes that it starts know its record."""
    held = Held(record_id, own)
    with _lock:
        if _held:
            _held[-1].cover()
        _held.append(held)
        _tell()
    try:
        yield held
    finally:
        with _lock:
            last = held in _held[-1:]
            if held in _held:
                _held.remove(held)
            held.uncover()
            if last and _held:
                _held[-1].uncover()
            _tell()


def _tell() -> None:
    innermost = _held[-1].record_id if _held else _inherited
    if innermost is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = innermost


def _forget_in_child() -> None:
    """A forked process holds none of its parent's jobs: it was started by the last of them."""
    global _lock, _inherited
    _lock = threading.RLock()
    _inherited = _held[-1].record_id if _held else _inherited
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
