"""Which files a path, a list or a pattern names. Light to import: the configuration is read through it."""

import glob
import os
from pathlib import Path

SIGNS_OF_A_PATTERN = frozenset("*?[")


def expand(named: str | list[str], root: Path | None = None) -> list[str]:
    """The files that ``named`` names, in order of their names where it is a pattern.

    root: folder from which relative paths start; None is the working directory. A file whose name has the signs of a
    pattern is itself. A pattern without a match is passed on as it is, so that a message can name it.
    """
    found: list[str] = []
    for one in [named] if isinstance(named, str) else named:
        place = (root or Path()) / one
        if not SIGNS_OF_A_PATTERN.intersection(one) or os.path.exists(place):
            found.append(one)
            continue
        matches = sorted(glob.glob(one, root_dir=root, recursive=True))
        found += [match for match in matches if (root or Path()).joinpath(match).is_file()] or [one]
    return list(dict.fromkeys(found))
