"""Ranks of one node elect the one that meters it, where no variable tells their local ranks."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wattshed.foundation.recovery.processes import boot_id, start_of

# Where the ranks of a job meet: the same for all of them, and different for two jobs that run at once.
MEETING_PLACES = ("MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "PMIX_NAMESPACE", "PMI_KVS")
BATCH_JOBS = ("SLURM_JOB_ID", "SLURM_STEP_ID", "PBS_JOBID", "LSB_JOBID", "OAR_JOB_ID", "FLUX_JOB_ID")
# Locks that this process holds until it ends, by file. A rank that won once stays the winner: ranks do not begin and
# end their blocks at the same moment.
_held: dict[Path, int] = {}
# A winner writes its name just after it has locked the file; a busy machine may stop it in between.
NAME_WITHIN_S = 1.0
# Files whose winner wrote no name in time, as on a full disk or from another container: later blocks do not wait.
_nameless: set[Path] = set()


@dataclass(frozen=True)
class Vote:
    """winner: who meters the node, for a sentence. locked: whether others were kept from winning too."""

    won: bool
    winner: str
    because: str
    locked: bool = True


def elected(environ: Mapping[str, str], rank: int | None) -> Vote:
    """Whether this process is the first of its job on this machine to ask; it stays so until it ends.

    If no lock file can be made, every process wins, and each counts only itself as its own.
    """
    file = _lock_file(environ)
    me = f"process {os.getpid()}" + ("" if rank is None else f", rank {rank},")
    because = f"the lock {file}"
    if file in _held:
        return Vote(True, me, because)
    try:
        handle = _opened(file)
    except OSError as error:
        return Vote(True, me, f"no lock can be made at {file} ({error.strerror})", locked=False)
    try:
        # Not at the top: there is no such module outside of Unix.
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        winner = _name_of_winner(handle, file)
        os.close(handle)
        return Vote(False, f"{winner or 'another rank'} of this node", because)
    except (OSError, ImportError) as error:
        os.close(handle)
        return Vote(True, me, f"{file} cannot be locked ({error})", locked=False)
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {start_of(os.getpid())} {me}\n".encode(), 0)
    _held[file] = handle
    return Vote(True, me, because)


def _name_of_winner(handle: int, file: Path) -> str | None:
    """What the process that holds the lock wrote; None if it writes no name in time.

    The file may still name the winner of an earlier job: that process has ended, or has another start.
    """
    until_s = time.monotonic() + (0.0 if file in _nameless else NAME_WITHIN_S)
    while True:
        line = os.pread(handle, 200, 0).decode(errors="replace")
        pid, _, rest = line.partition(" ")
        start, _, name = rest.partition(" ")
        if line.endswith("\n") and pid.isdigit() and start_of(int(pid)) == start:
            return name.rstrip()
        if time.monotonic() >= until_s:
            _nameless.add(file)
            return None
        time.sleep(0.005)


def _lock_file(environ: Mapping[str, str]) -> Path:
    """One file per boot of a machine, user and job, in the folder for temporary files: locks are reliable there."""
    meeting = [f"{name}={environ[name]}" for name in MEETING_PLACES if environ.get(name)]
    if not meeting:
        # The ranks of one node have one parent: mpirun's daemon, or the script that started them.
        meeting = [f"{name}={environ[name]}" for name in BATCH_JOBS if environ.get(name)]
        meeting.append(f"parent={_launcher()}")
    key = hashlib.sha256("\n".join([boot_id(), *meeting]).encode(errors="replace")).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"wattshed-{os.getuid()}" / f"ranks-{key}.lock"


@cache
def _launcher() -> int:
    """The parent of this process; in a forked child of a rank that has asked before, that of the rank."""
    return os.getppid()


def _opened(file: Path) -> int:
    """Descriptor of the lock file, in a folder that belongs to this user alone."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    folder = os.stat(file.parent, follow_symlinks=False)
    if folder.st_uid != os.getuid():
        raise PermissionError(13, "the folder belongs to another user", str(file.parent))
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _forget_in_child() -> None:
    """A forked child holds none of its parent's locks; its copies of the descriptors would outlive the parent."""
    for handle in _held.values():
        with suppress(OSError):
            os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
