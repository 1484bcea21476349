"""Which files below a folder may hold records: regular files by their names, each once."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wattshed.accounts.tables.names import cure, is_ledger, is_table
from wattshed.energy.ledger.records import is_record, is_set_aside
from wattshed.foundation.faults import Fault
from wattshed.foundation.opening.regular_files import why


@dataclass
class Found:
    """paths: in order, to be read; problems: sentences; ignored: names of records that are not regular files."""

    paths: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ignored: int = 0


def find_files(place: Path) -> Found:
    """Files below a folder, or the one file that is named.

    A file with several names (links) is found once. Links to folders are not followed, so that no loop of links can
    hold the search; one that leads out of the folder is reported. Raises :class:`Fault` if there is nothing at
    ``place``, if it is neither a folder nor a regular file, and if it cannot be entered.
    """
    try:
        mode = place.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(place).close()
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise Fault(
                f"{place} cannot be entered ({why(error)}): expected a folder that this user may read; "
                "change its rights."
            ) from error
        raise Fault(
            f"{place} is not a folder of this machine ({why(error)}): expected one with ledgers (*.jsonl) or "
            "CodeCarbon's CSVs, or one such file; correct the path."
        ) from error
    if stat.S_ISREG(mode):
        return Found([str(place)])
    if not stat.S_ISDIR(mode):
        raise Fault(
            f"{place} is not a folder and not a regular file: expected one with ledgers (*.jsonl) or CodeCarbon's "
            "CSVs; name it."
        )
    found = Found()
    # Device and inode of every file, with the name under which it is read.
    names: dict[tuple[int, int], str] = {}
    leading_out: list[str] = []
    for entry, device in _entries(place, found, leading_out):
        if advice := cure(entry.name):
            found.problems.append(f"{entry.path} is not read in this form: {advice}, and count again.")
        elif is_ledger(entry.name) or is_table(entry.name):
            _take(entry, device, names, found)
    found.paths = sorted(names.values())
    if leading_out:
        found.problems.append(
            f"{len(leading_out)} links to folders outside of {place} were not followed (first: {leading_out[0]}): name "
            "such a folder itself if it holds records."
        )
    return found


def _take(entry: os.DirEntry[str], device: int, names: dict[tuple[int, int], str], found: Found) -> None:
    try:
        if not entry.is_file():
            if entry.is_symlink():
                # Says why there is nothing behind the link; a FIFO or device behind it is ignored.
                entry.stat()
            found.ignored += 1
            return
        status = entry.stat() if entry.is_symlink() else None
    except OSError as error:
        found.problems.append(
            f"{entry.path} cannot be read ({why(error)}): restore what it links to, or delete the link."
        )
        return
    key = (status.st_dev, status.st_ino) if status else (device, entry.inode())
    before = names.get(key)
    if before is None or _rank(entry.path) < _rank(before):
        names[key] = entry.path


def _rank(path: str) -> tuple[bool, int, str]:
    """Names in hidden folders come last: a run's links in ``.finished`` are not where a person looks for it.

    A ledger comes before its record, which comes before an attempt set aside: that one belongs to no result.
    """
    return "/." in path, 2 if is_set_aside(path) else int(is_record(path)), path


def _entries(place: Path, found: Found, leading_out: list[str]) -> Iterator[tuple[os.DirEntry[str], int]]:
    """What is below a folder, folders aside, each with its device."""
    waiting = [str(place)]
    inside = os.path.realpath(place)
    while waiting:
        folder = waiting.pop()
        try:
            device = os.stat(folder).st_dev
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_symlink() and _is_folder(entry):
                        target = os.path.realpath(entry.path)
                        if os.path.commonpath([target, inside]) not in (inside, target):
                            leading_out.append(entry.path)
                    else:
                        yield entry, device
        except OSError as error:
            found.problems.append(
                f"{folder} cannot be entered ({why(error)}): give this user the right to read it, or count without it."
            )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
