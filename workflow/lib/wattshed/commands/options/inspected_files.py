"""The files that a command line names, and how a configuration names them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import Fault

TABLES = (".csv", ".txt", ".tsv", ".parquet", ".pq", ".xlsx", ".xlsm", ".gz", ".zip", ".dat")


def files_and_path(named: Sequence[str]) -> tuple[list[Path], str | list[str]]:
    """Files in order, and the value of ``path``: a pattern where one names exactly them.

    Raises :class:`Fault` for a file that does not exist, and for a folder without tables.
    """
    from wattshed.data.sources.table_paths import expand

    try:
        patterns = [_of_folder(one) if one and Path(one).is_dir() else one for one in named]
        files = expand(patterns)
    except (OSError, ValueError) as error:
        raise Fault(
            f"a named file cannot be looked at ({getattr(error, 'strerror', None) or error}): expected tables that "
            "this user may read; correct the names."
        ) from error
    for file in files:
        if not file or not Path(file).exists():
            many = " and no file matches it as a pattern" if any(sign in file for sign in "*?[") else ""
            raise Fault(
                f"{file or 'a file of an empty name'} does not exist{many}: expected a table, a pattern or "
                "a folder; correct the name."
            )
    if len(patterns) == 1:
        return [Path(file) for file in files], patterns[0]
    return [Path(file) for file in files], _pattern_of(files)


def _of_folder(folder: str) -> str:
    place = Path(folder)
    endings = Counter(
        file.suffix.lower()
        for file in place.iterdir()
        if file.is_file() and file.suffix.lower() in TABLES and not file.name.startswith(".")
    )
    if not endings:
        raise Fault(
            f"{folder} is a folder without tables ({', '.join(TABLES[:6])} and others): expected tables in it; name "
            "the files, or a pattern such as 'folder/*/*.csv'."
        )
    if len(endings) > 1:
        shown = ", ".join(f"{count} {ending}" for ending, count in endings.most_common())
        raise Fault(
            f"{folder} holds tables of several kinds ({shown}): expected one; name them, such as '{folder}/*.csv'."
        )
    (ending,) = endings
    exact = {file.suffix for file in place.iterdir() if file.suffix.lower() == ending}
    return f"{folder.rstrip('/') or '/'}/*{exact.pop() if len(exact) == 1 else ending}"


def _pattern_of(files: list[str]) -> str | list[str]:
    """A pattern that matches exactly these files of one folder, else the list of them."""
    folders, endings = {str(Path(file).parent) for file in files}, {Path(file).suffix for file in files}
    if len(folders) == 1 and len(endings) == 1:
        (folder,), (ending,) = folders, endings
        if {str(path) for path in Path(folder).glob(f"*{ending}")} == {str(Path(file)) for file in files}:
            return f"*{ending}" if folder == "." else f"{folder}/*{ending}"
    return files if len(files) > 1 else files[0]
