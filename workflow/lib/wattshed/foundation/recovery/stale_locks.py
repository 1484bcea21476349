"""Removes locks that a killed Snakemake left behind; those of a running one are kept.

Snakemake does not record which process made a lock. So each start writes a record of its process, adds its locks once
Snakemake has made them, and deletes the record when it ends. A lock is stale if it can belong to the record of a dead
process and cannot belong to that of a live one. A process that cannot be checked, as on another host, counts as alive.
"""

import atexit
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from wattshed.foundation.recovery.processes import boot_id, start_of

RECORDS = "wattshed_runs"
LOCKS = "locks"


@dataclass(frozen=True)
class RunRecord:
    """One Snakemake process.

    started: distinguishes two processes with the same id. locks: names of its lock files, or None while it has none.
    since_s: when the record was made, by the file system's clock.
    """

    host: str
    boot: str
    pid: int
    started: str
    since_s: float
    locks: list[str] | None = None

    def is_dead(self) -> bool:
        """True only if that process has certainly ended."""
        if self.host != platform.node():
            return False
        return self.boot != boot_id() or start_of(self.pid) != self.started


def remove_stale_locks(folder: Path) -> list[str]:
    """Remove stale locks and old records under ``folder`` (``.snakemake``); returns the names of the locks."""
    records = _records(folder)
    dead = [record for record in records.values() if record.is_dead()]
    live = [record for record in records.values() if not record.is_dead()]
    claimed = {name for record in live for name in record.locks or ()}
    explained = {name for record in dead for name in record.locks or ()}
    # A process that was killed before its record was completed may have made any later lock.
    open_dead = [record for record in dead if record.locks is None]
    open_live = [record for record in live if record.locks is None]
    removed = []
    for lock in _locks(folder):
        stale = lock.name in explained or (
            not open_live and any(_made_after(lock, record) for record in open_dead)
        )
        if stale and lock.name not in claimed:
            lock.unlink(missing_ok=True)
            removed.append(lock.name)
    for path, record in records.items():
        if record in dead:
            path.unlink(missing_ok=True)
    return sorted(removed)


def record_run(folder: Path) -> Path:
    """Record this process under ``folder`` (``.snakemake``), before Snakemake makes its locks.

    The record is deleted when the process ends normally; a record that remains belongs to a killed process.
    """
    place = folder / RECORDS
    place.mkdir(parents=True, exist_ok=True)
    # Absolute: Snakemake leaves its working directory before it ends.
    path = place.absolute() / f"{platform.node()}-{os.getpid()}.json"
    path.write_text("{}", encoding="utf-8")
    record = RunRecord(
        host=platform.node(),
        boot=boot_id(),
        pid=os.getpid(),
        started=start_of(os.getpid()) or "",
        since_s=path.stat().st_mtime,
    )
    _write(path, record)
    atexit.register(path.unlink, missing_ok=True)
    return path


def record_locks(path: Path) -> None:
    """Complete the record at ``path`` with the locks that were made since."""
    record = _read(path)
    if record is None:
        return
    names = [lock.name for lock in _locks(path.parents[1]) if _made_after(lock, record)]
    _write(path, RunRecord(**{**asdict(record), "locks": names}))


def _records(folder: Path) -> dict[Path, RunRecord]:
    found = {path: _read(path) for path in sorted((folder / RECORDS).glob("*.json"))}
    return {path: record for path, record in found.items() if record is not None}


def _read(path: Path) -> RunRecord | None:
    """None for an incomplete record: its process was killed while it wrote."""
    try:
        return RunRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, record: RunRecord) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(record)), encoding="utf-8")
    part.replace(path)


def _made_after(lock: Path, record: RunRecord) -> bool:
    # Time stamps of some file systems are as coarse as two seconds.
    return lock.stat().st_mtime >= record.since_s - 2


def _locks(folder: Path) -> list[Path]:
    return sorted((folder / LOCKS).glob("*.lock"))
