"""Jobs within jobs: each ledger names the job that counts its energy too.

A measured command may meter itself, and a program may hold several handles at once. Processes that a job starts learn
its record's id from the environment.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "WATTSHED_OUTER_RECORD"
_lock = threading.Lock()
# Of the jobs that this process holds, in the order in which they began.
_held: list[str] = []
_inherited = os.environ.get(VARIABLE)


def outer_record() -> str | None:
    """The id of the job within which one that begins now runs: the last that this process began, or that started it."""
    with _lock:
        return _held[-1] if _held else _inherited


@contextmanager
def holding(record_id: str) -> Iterator[None]:
    """While a job runs, what begins in this process and in those that it starts runs within it."""
    with _lock:
        _held.append(record_id)
        _tell()
    try:
        yield
    finally:
        with _lock:
            _held.remove(record_id)
            _tell()


def _tell() -> None:
    innermost = _held[-1] if _held else _inherited
    if innermost is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = innermost


def _unlock_in_child() -> None:
    """Another thread may have held the lock when the process was forked."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)
