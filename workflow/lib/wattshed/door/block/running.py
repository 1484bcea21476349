"""The blocks that run in this process: which one is around the current code, and what becomes of them at its end."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from wattshed.door.block import recorders
from wattshed.door.block.endings import ending_at_exit

if TYPE_CHECKING:
    from wattshed.door.block.job import Job

_current: ContextVar[Job | None] = ContextVar("wattshed_block", default=None)
_running: dict[int, Job] = {}
_pid = os.getpid()


def around() -> Job | None:
    """The innermost running block of this thread, or of this asynchronous task."""
    job = _current.get()
    while job is not None and not job.running:
        job = job.outer
    return job


def set_current(job: Job | None) -> None:
    _current.set(job)


def is_current(job: Job) -> bool:
    return _current.get() is job


def add(job: Job) -> None:
    _running[id(job)] = job


def remove(job: Job) -> None:
    _running.pop(id(job), None)


def named(name: str) -> list[Job]:
    """Running blocks of a name in this process."""
    return [job for job in list(_running.values()) if job.name == name]


def _end_all() -> None:
    """At the interpreter's end, a block that was never stopped keeps what it has spent. Innermost first."""
    if os.getpid() == _pid:
        for job in reversed(list(_running.values())):
            with suppress(Exception):
                job.end(ending_at_exit(), raises=False)


def _in_child() -> None:
    """After a fork: the parent's blocks belong to the parent, and its locks may be held by threads that are gone."""
    global _pid
    parent, _pid = _pid, os.getpid()
    recorders.starting = threading.Lock()
    for job in _running.values():
        job.inherited(parent)
    _running.clear()
    _current.set(None)


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
