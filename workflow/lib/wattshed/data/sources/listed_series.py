"""Which files of a folder are series. Light to import: the configuration is read through it."""

from pathlib import Path

SUFFIXES = (".csv", ".tsv", ".parquet", ".npy")


def series_files(folder: Path, labels: str | None) -> list[Path]:
    """The files of series in order of their names; the table of labels may lie beside them."""
    if not folder.is_dir():
        return []
    table = Path(labels).name if labels and Path(labels).parent.name == folder.name else None
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and path.name != table
    )
