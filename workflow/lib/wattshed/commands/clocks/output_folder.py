"""The output folder: new, empty, or one of ours; nothing that somebody else wrote is mixed up or replaced."""

from collections.abc import Collection
from pathlib import Path

from wattshed.commands.output_place import check_folder
from wattshed.foundation.faults import Fault

# What clocks choose and clocks compare write.
CHOSEN = frozenset(
    {
        "report.html",
        "choices.json",
        "validation.json",
        "deployment.json",
        "runs.parquet",
        "settings.csv",
        "figures",
        "deployment",
    }
)
COMPARED = frozenset({"comparison.html", "comparison.pdf", "comparison.json", "comparison.csv", "figures"})


def check_own_folder(path: Path, ours: Collection[str], mark: str) -> None:
    """Raise :class:`Fault` unless the folder can be written and holds nothing else.

    mark: the file by which an earlier output is known; without it, files of our names are somebody else's.
    """
    check_folder(path, "--output")
    if not path.is_dir():
        return
    names = sorted(entry.name for entry in path.iterdir())
    known = mark in names
    foreign = [name for name in names if not (known and name in ours)]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise Fault(
            f"--output {path} holds {foreign[0]}{more}: expected a new or empty folder, or one that this command "
            "wrote; name another one."
        )
