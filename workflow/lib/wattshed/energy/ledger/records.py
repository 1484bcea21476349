"""Records of what was spent: a second name of each ledger of a study, in a folder that no rule of the workflow knows.

Snakemake deletes the outputs of a job that failed, that runs again or whose results are no longer wanted, and a ledger
is such an output. Its record stays, so that energy that was spent stays in the study's account and budget.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wattshed.foundation.faults import Fault

# The folder of records; without this variable a ledger has no record.
FOLDER = "WATTSHED_SPENT"
# No ending of ledgers: who counts ``*.jsonl`` counts no job twice.
SUFFIX = ".jsonl.spent"
# Names of all ledgers, those of running and killed jobs included.
LEDGERS = (".jsonl", ".jsonl.part")
# One line for each begin and end of a record. It is an input of the accounts, so that they see jobs without results.
LIST = "records.txt"
# Characters of a job's name in that of its record: file systems allow 255 bytes.
NAMED = 60


@dataclass
class Record:
    """The record of one attempt, or of the whole job if the attempt continues an earlier one.

    path: None for a ledger without a record. linked: it is a second name of the ledger's file. Else the file system has
    no such names, and the record is a copy that :meth:`close` makes: of a killed job only the ``.part`` stays, which
    Snakemake does not know. began: this attempt is its first.
    """

    part: Path
    path: Path | None = None
    linked: bool = False
    began: bool = False

    def __post_init__(self) -> None:
        self._pid = os.getpid()

    def close(self) -> None:
        """After the last event, before the ledger gets its final name; never raises, and does nothing in a fork.

        A ledger that was removed, because no work began, leaves no record either.
        """
        if self.path is None or self._pid != os.getpid():
            return
        try:
            if not self.part.exists():
                if self.began:
                    self.path.unlink(missing_ok=True)
                return
            if not self.linked:
                shutil.copyfile(self.part, self.path)
            _note(self.path, "ended")
        except OSError as error:
            # The ledger itself is complete.
            print(
                f"{self.path} cannot be written ({error.strerror}): the energy of this job no longer counts once "
                "Snakemake deletes its ledger.",
                file=sys.stderr,
            )


def records_folder(ledger: Path, stage: str) -> Path | None:
    """The folder for records of a stage, made if it is missing; None for a ledger outside of the study.

    Raises :class:`Fault` if it cannot be made.
    """
    named = os.environ.get(FOLDER)
    if not named or not ledger.resolve().is_relative_to(Path(named).parent.resolve()):
        return None
    folder = Path(named) / stage
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Fault(
            f"{folder} cannot be made ({error.strerror}): expected a folder for the records of what was spent; change "
            "its rights, or move the file of that name away."
        ) from error
    return folder


def keep_record(part: Path, folder: Path | None, record_id: str) -> Record:
    """Give a ledger that has begun its second name; a job that is continued has one already."""
    if folder is None:
        return Record(part)
    stem = part.name.removesuffix(LEDGERS[1])[:NAMED]
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):
            if path.samefile(part):
                return Record(part, path, linked=True)
    path = folder / f"{stem}.{record_id}{SUFFIX}"
    linked = False
    with suppress(OSError):
        path.hardlink_to(part)
        linked = True
    with suppress(OSError):
        _note(path, "began")
    return Record(part, path, linked, began=True)


def record_id_of(path: Path) -> str | None:
    """The identity of a ledger: the id of its first attempt; None without one (schema 2, or killed before it began)."""
    try:
        with path.open("rb") as file:
            start = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return None
    found = start.get("record_id") if isinstance(start, dict) else None
    return found if isinstance(found, str) else None


def is_record(path: Path | str) -> bool:
    return str(path).endswith(SUFFIX)


def is_ledger(path: Path | str) -> bool:
    """Whether a file is named like a ledger or a record."""
    return str(path).endswith((*LEDGERS, SUFFIX))


def is_set_aside(path: Path | str) -> bool:
    """Whether a file is named like an attempt that was not continued."""
    return ".abandoned-" in os.path.basename(path)


def same_files(paths: Iterable[Path], *, skip_missing: bool = False) -> list[list[Path]]:
    """The paths grouped by the files that they name. Raises FileNotFoundError if one is gone meanwhile."""
    groups: dict[tuple[int, int], list[Path]] = {}
    for path in paths:
        try:
            status = path.stat()
        except FileNotFoundError:
            if skip_missing:
                continue
            raise
        groups.setdefault((status.st_dev, status.st_ino), []).append(path)
    return list(groups.values())


def _note(record: Path, what: str) -> None:
    """Append a line to the list of records: its content and time change when a record does."""
    folder = record.parent
    line = f"{folder.name}/{record.name} {what}\n".encode()
    descriptor = os.open(folder.parent / LIST, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
