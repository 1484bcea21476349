"""Places of ledgers: folders that are made and removed again, and names that no other ledger has."""

import os
from contextlib import suppress
from pathlib import Path

from wattshed.foundation.faults import Fault

PART = ".part"


def checked_path(path: Path | str) -> Path:
    """A ledger's path; raises :class:`Fault` for one that cannot name a file."""
    place = Path(path)
    text = str(path)
    if not place.name or place.name == ".." or text.endswith(("/", os.sep)):
        raise Fault(f"the ledger {text!r} is not the name of a file: expected one such as ledgers/run.jsonl.")
    try:
        fit = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        fit = False
    if not fit:
        raise Fault(f"the ledger {text!r} has a character that no file name can hold: name another one.")
    return place


def part_of(path: Path) -> Path:
    """The name of a ledger while its job runs."""
    return path.with_name(path.name + PART)


def make_folder(folder: Path) -> list[Path]:
    """Make a folder and its parents; returns those that were made, innermost first. Raises OSError."""
    missing = []
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            break
        missing.append(place)
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def remove_empty(folders: list[Path]) -> None:
    """Remove folders, innermost first, as far as nothing lies in them."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def abandoned_name(path: Path) -> Path:
    """A free name for an attempt that is not resumed."""
    number = 1
    while os.path.lexists(candidate := path.with_name(f"{path.stem}.abandoned-{number}{path.suffix}")):
        number += 1
    return candidate


def free_name(path: Path) -> Path:
    """The path itself, or with the first number from 2 on under which no finished ledger lies: ``gru-1.2.jsonl``."""
    number, candidate = 1, path
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return candidate
