"""The node that a file holds, by the file's name."""

import re
from pathlib import Path

from wattshed.foundation.faults import Fault

ENDINGS = re.compile(r"(\.(csv|tsv|txt|dat|parquet|pq|xlsx|xlsm))?(\.(gz|zip))?$", re.IGNORECASE)


def node_of_file(path: Path, pattern: str | None) -> str:
    """The file's name without its ending, or what the group of ``pattern`` finds in it.

    A pattern with a slash is sought in the whole path. Raises :class:`Fault` where it finds nothing.
    """
    if pattern is None:
        return ENDINGS.sub("", path.name) or path.name
    found = re.search(pattern, path.as_posix() if "/" in pattern else path.name)
    name = (found[1] or "").strip() if found else ""
    if not name:
        raise Fault(
            f"{path}: data.source.node_pattern {pattern!r} finds no node in the file's name; expected a regular "
            "expression whose group is the node: correct it."
        )
    return name
