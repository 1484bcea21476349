"""One writer per ledger: the lock on a ledger's file, and who holds it.

The system frees the lock of a process that ends, also of a killed one. File systems without locks, such as some network
ones, get a file beside the ledger that names its writer: process, start time and boot.
"""

import errno
import fcntl
import json
import os
import platform
import time
from contextlib import suppress
from pathlib import Path

from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery.processes import boot_id, start_of

LOCKS = Path("/proc/locks")
# A writer's file without content belongs to a process that was killed while it wrote, once it is older than this.
EMPTY_FOR_S = 60.0
HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


def take_lock(handle: int, part: Path) -> Path | None:
    """Lock an open ledger for this process; returns the file to delete at the end, where the system has no locks.

    Raises :class:`Fault` if another process, or another job of this one, writes it.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            raise _taken(part, _holder(handle)) from error
        return _take_named(part)
    return None


def _taken(part: Path, pid: int | None, named: Path | None = None) -> Fault:
    """named: the file that names the writer, which a user may delete if it is wrong."""
    if pid == os.getpid():
        who, cure = "another job of this process", "end that job first"
    else:
        who = "another process" if pid is None else f"process {pid}"
        cure = "wait for it" if named is None else f"wait for it, delete {named} if it has ended"
    return Fault(
        f"{part.name.removesuffix('.part')} in {part.parent} is being written by {who}: expected one writer per "
        f"ledger; {cure}, or name another ledger (ranks of one job: with the rank in its name)."
    )


def _holder(handle: int) -> int | None:
    """The process that holds the lock on an open file, as the system lists it; None if it does not tell."""
    found = os.fstat(handle)
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    with suppress(OSError, ValueError, IndexError):
        for line in LOCKS.read_text(encoding="ascii", errors="replace").splitlines():
            words = line.split()
            if words[1] == "FLOCK" and words[5] == place:
                return int(words[4]) if int(words[4]) > 0 else None
    return None


def _take_named(part: Path) -> Path:
    """Make the file that names this process as the writer, once no live one is named there."""
    named = part.with_name(f".{part.name}.writer")
    own = {"host": platform.node(), "boot": boot_id(), "pid": os.getpid(), "started": start_of(os.getpid())}
    while True:
        try:
            handle = os.open(named, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            pid = _live_writer(named)
            if pid is not None:
                raise _taken(part, pid or None, named) from None
            named.unlink(missing_ok=True)
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(own, file)
        return named


def _live_writer(named: Path) -> int | None:
    """The process that a writer's file names; 0 if it cannot be told; None if that process has certainly ended."""
    try:
        writer = json.loads(named.read_text(encoding="utf-8"))
        boot, pid, started = writer["boot"], int(writer["pid"]), writer["started"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        with suppress(OSError):
            return 0 if time.time() - named.stat().st_mtime < EMPTY_FOR_S else None
        return None
    if boot != boot_id():
        # Another machine, or this one before it was started again: only its host's name can tell.
        return None if writer.get("host") == platform.node() else 0
    return pid if start_of(pid) == started else None
