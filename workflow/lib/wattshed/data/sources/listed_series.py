"""Which files of a folder are series. Light to import: the configuration is read through it."""

from pathlib import Path

SUFFIXES = (".csv", ".tsv", ".parquet", ".npy")


def series_files(folder: Path, labels: str | None) -> list[Path]:
    """The files of series in order of their names; the table of labels may lie beside them.

    Links to files that are not there, such as those of data sets that are not fetched yet, are among them: reading them
    ends with a message, where leaving them out would make another task.
    """
    if not folder.is_dir():
        return []
    table = Path(labels).name if labels and Path(labels).parent.name == folder.name else None
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES
        and (path.is_file() or (path.is_symlink() and not path.exists()))
        and path.name != table
    )
