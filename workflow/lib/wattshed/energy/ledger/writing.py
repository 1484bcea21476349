"""The ledger: one append-only JSON-lines file per job, on disk after every event. Schema: docs/ledger.md."""

import errno
import json
import os
import stat
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from wattshed.energy.ledger.folders import (
    abandoned_name,
    checked_path,
    free_name,
    make_folder,
    part_of,
    remove_empty,
)
from wattshed.energy.ledger.ownership import take_lock
from wattshed.energy.ledger.scalars import plain
from wattshed.foundation.faults import Fault, say

SCHEMA = 3
# File systems and devices that cannot sync say so with these.
NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
FULL = (errno.ENOSPC, errno.EDQUOT)


class NeverBegan(Exception):
    """The measured work could not be started: its job leaves no ledger."""


class Ledger:
    """Writer of one job's ledger; may be appended to from several threads.

    While the job runs the file is called ``….part`` and locked; it gets its final name when the job ends. A killed job
    leaves the ``.part``, and the attempt that resumes the job appends to it. A finished ledger is never replaced: if
    ``path`` exists, this one is called ``….2.jsonl``, which ``path`` then says.

    A forked process has this object too: there it writes nothing and ends nothing.

    Raises :class:`Fault` if the folder cannot be made or written, or if another live process writes this ledger.
    """

    def __init__(self, path: Path | str, *, resumes: bool) -> None:
        self._pid = os.getpid()
        self._handle = -1
        self._lock = threading.Lock()
        self._work_began = False
        self._lost = 0
        self._reason: str | None = None
        asked = checked_path(path)
        made: list[Path] = []
        try:
            made = make_folder(asked.parent)
            self.path = free_name(asked)
            self.part = part_of(self.path)
            self._handle, self._named = _open_alone(self.path, resumes=resumes)
            self._before = _end_line(self._handle)
        except BaseException as error:
            self._close()
            remove_empty(made)
            if isinstance(error, OSError):
                raise Fault(
                    f"{part_of(asked)} cannot be written ({error.strerror}): expected a folder that this user may "
                    "write; change its rights or name another ledger."
                ) from error
            raise
        self._made = made
        _LIVE.add(self)
        if self.path != asked:
            say(f"wattshed: {asked} is finished and is kept: this job's ledger is {self.path}.")

    @property
    def own(self) -> bool:
        """False in a process that was forked from the one that opened this ledger."""
        return os.getpid() == self._pid

    def work_begins(self) -> None:
        """From here on nothing about the ledger raises: what cannot be written is reported, and the work goes on."""
        self._work_began = True

    def append(self, event: str, **fields: Any) -> None:
        """Append one event; it is on disk when this returns.

        NaN and infinity become null, other objects text. If the file cannot be written, this raises :class:`Fault`
        before the work begins. Later it reports the reason once, and the file has a gap.
        """
        if not self.own:
            return
        line = _line({"event": event, **fields})
        with self._lock:
            if self._handle < 0:
                return
            try:
                self._write(line)
            except OSError as error:
                self._lose(error)

    def finish(self) -> None:
        """Close the file and give it its final name; says so in one sentence if events are missing in it."""
        if not self.own:
            return
        with self._lock:
            if self._handle < 0:
                return
            try:
                self.path = _final_name(self.part, self.path)
            except OSError as error:
                self._reason = self._reason or _text(error)
                if self.part.exists():
                    say(f"wattshed: {self.part} keeps its name: it cannot be renamed ({_text(error)}).")
                else:
                    say(f"wattshed: {self.part} was deleted during the work: its measurement is lost.")
            self._close()
        if self._lost:
            say(
                f"wattshed: {self.path} is incomplete: {self._lost} of its events are missing ({self._reason})."
            )

    def abandon(self) -> None:
        """Close the file and leave it as ``.part`` for the attempt that resumes the job."""
        if self.own:
            with self._lock:
                self._close()

    def give_up(self) -> None:
        """:meth:`abandon` a job whose work has begun, else :meth:`discard` it."""
        if self._work_began:
            self.abandon()
        else:
            self.discard()

    def discard(self) -> None:
        """Leave nothing of this attempt: neither file nor folder, but earlier attempts that it resumed."""
        if not self.own:
            return
        with self._lock:
            if self._handle < 0:
                return
            with suppress(OSError):
                if self._before:
                    os.ftruncate(self._handle, self._before)
                else:
                    self.part.unlink(missing_ok=True)
            self._close()
            remove_empty(self._made)

    def _write(self, line: bytes) -> None:
        good = os.fstat(self._handle).st_size
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError:
            # Half a line would make the file unreadable from there on.
            with suppress(OSError):
                os.ftruncate(self._handle, good)
            raise
        try:
            os.fsync(self._handle)
        except OSError as error:
            if error.errno not in NO_SYNC:
                raise

    def _lose(self, error: OSError) -> None:
        if not self._work_began:
            cure = "free some space" if error.errno in FULL else "name a ledger on another disk"
            raise Fault(f"{self.part} cannot be written ({_text(error)}): {cure} and start again.") from error
        self._lost += 1
        if self._reason is None:
            self._reason = _text(error)
            say(
                f"wattshed: {self.part} cannot be written ({_text(error)}): the measured work goes on without a record."
            )

    def _close(self) -> None:
        """Close the file, which frees its lock."""
        if self._handle < 0:
            return
        handle, self._handle = self._handle, -1
        with suppress(OSError):
            os.close(handle)
        if self._named is not None:
            with suppress(OSError):
                self._named.unlink()

    def __del__(self) -> None:
        # A job that was forgotten, as in a notebook, must not hold its lock.
        if self.own:
            self._close()

    def _leave_to_parent(self) -> None:
        """In a forked process: a copy of the file's handle would hold the lock after the parent has ended."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)


_LIVE: "weakref.WeakSet[Ledger]" = weakref.WeakSet()


def _after_fork() -> None:
    for ledger in list(_LIVE):
        ledger._leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)


def _open_alone(path: Path, *, resumes: bool) -> tuple[int, Path | None]:
    """A locked handle of a ledger's ``.part``, and the file that names its writer where the system has no locks.

    The energy of an attempt that is not continued is kept under another name, because it does not belong to this job.
    """
    part = part_of(path)
    while True:
        # O_NONBLOCK: opening a named pipe must not wait for its reader.
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Fault(f"{part} is not a regular file: expected none there; name another ledger.")
            named = take_lock(handle, part)
            # Its last writer may have renamed it before this one had the lock.
            current = _same_file(handle, part)
            if current and os.fstat(handle).st_size and not resumes:
                part.rename(abandoned_name(path))
                current = False
            if current:
                return handle, named
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if named is not None:
            named.unlink(missing_ok=True)


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _end_line(handle: int) -> int:
    """The size of an open ledger; a line that a kill cut off gets its end first."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        os.write(handle, b"\n")
    return size


def _final_name(part: Path, path: Path) -> Path:
    """Give a finished ledger the first free name from ``path`` on, and never that of another finished one."""
    while True:
        try:
            os.link(part, path)
        except FileExistsError:
            path = free_name(path)
            continue
        except OSError:
            # No hard links here.
            path = free_name(path)
            part.rename(path)
            return path
        part.unlink(missing_ok=True)
        return path


def _line(event: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(event, allow_nan=False)
        # Bytes of arguments and names that are not UTF-8 are surrogates in Python.
        if "\\ud" not in text:
            return f"{text}\n".encode()
    except (TypeError, ValueError, RecursionError):
        pass
    return f"{json.dumps(plain(event), allow_nan=False)}\n".encode()


def _text(error: OSError) -> str:
    return error.strerror or str(error)
