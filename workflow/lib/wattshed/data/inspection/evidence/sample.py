"""The rows that an inspection looks at: whole small files, and the first megabytes of large ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.data.dialects.look import Look
from wattshed.data.dialects.opening import look, open_table
from wattshed.data.signatures import refuse_other_kinds
from wattshed.foundation.faults import Fault

MOST_CELLS, LEAST_ROWS = 3_000_000, 2000
# Notes above a header are seldom longer.
MOST_LINES_ABOVE = 20
LEAST_NAMED = 0.6
DIALECT = {
    "separator": None,
    "decimal": None,
    "thousands": None,
    "encoding": None,
    "skip_rows": 0,
    "sheet": None,
    "missing": (),
}


@dataclass(frozen=True)
class Sample:
    """Rows of one file as text.

    columns: str, trimmed, by their names in the header, in the file's order. whole: whether these are all rows.
    dialect: keys of the source about how the file is written that reading needs.
    """

    path: Path
    look: Look
    columns: dict[str, pd.Series]
    whole: bool
    dialect: dict[str, Any]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))


def read_sample(
    path: Path, given: dict[str, Any], most_cells: int | None = None, only: Collection[str] | None = None
) -> Sample:
    """The rows of a file with the user's own keys about how it is written; see :data:`DIALECT`.

    most_cells: that are read; empty for :data:`MOST_CELLS`. only: the columns that are read; more rows then fit.
    Raises :class:`Fault` for a file that is not a table.
    """
    dialect = {key: given.get(key, value) for key, value in DIALECT.items()}
    _refuse_other_kinds(path)
    seen = _look(path, dialect, fixed="skip_rows" in given)
    if len(seen.header) < 2:
        raise Fault(
            f"{path} has one column ({seen.header[0][:40]!r}); expected times and readings in columns of their own: "
            "choose --set separator=SIGN if the cells are divided by another sign, or export the table with both."
        )
    table = open_table(path, SimpleNamespace(**dialect))
    names = [name or f"column {place + 1}" for place, name in enumerate(seen.header)]
    # A name of "" is how the source calls a column without one.
    names = ["" if name == "column 1" and not seen.header[0] else name for name in names]
    places = [place for place, name in enumerate(names) if only is None or name in only]
    most = max(LEAST_ROWS, (most_cells or MOST_CELLS) // len(places))
    blocks, rows, whole = [], 0, True
    for block in table.blocks(places, []):
        blocks.append([_text(cells) for cells in block])
        rows += len(block[0])
        if rows > most:
            blocks[-1] = [cells[: len(cells) - (rows - most)] for cells in blocks[-1]]
            whole = False
            break
    if not rows:
        raise Fault(f"{path} has a header and no rows; expected readings: fill it or correct the path.")
    columns = {
        names[place]: pd.Series(
            pa.chunked_array([block[number] for block in blocks]).to_pandas(), dtype=object
        )
        for number, place in enumerate(places)
    }
    return Sample(
        path, seen, columns, whole, {key: dialect[key] for key in dialect if dialect[key] != DIALECT[key]}
    )


def _text(cells: pa.Array) -> pa.Array:
    """Cells as trimmed text; an empty one is "". A whole number in a column of floats loses its `.0`."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if not pa.types.is_string(cells.type):
        cells = pc.cast(cells, pa.string())
        cells = pc.replace_substring_regex(cells, r"^(-?\d+)\.0$", r"\1")
    return pc.fill_null(pc.utf8_trim_whitespace(cells), "")


def _look(path: Path, dialect: dict[str, Any], fixed: bool) -> Look:
    """The first rows; sets `skip_rows` to the lines of notes above the header, and `encoding` to cp1252 if it fits."""
    try:
        seen = look(path, SimpleNamespace(**dialect))
    except Fault as fault:
        if "data.source.encoding" not in str(fault) or dialect["encoding"] is not None:
            raise
        dialect["encoding"] = "cp1252"
        seen = look(path, SimpleNamespace(**dialect))
    if fixed or _is_header(seen):
        return seen
    for lines in range(1, MOST_LINES_ABOVE):
        below = {**dialect, "skip_rows": lines}
        try:
            lower = look(path, SimpleNamespace(**below))
        except Fault:
            continue
        if _is_header(lower) and (len(lower.header) > len(seen.header) or not _is_header(seen)):
            dialect["skip_rows"] = lines
            return lower
    return seen


def _is_header(seen: Look) -> bool:
    """Whether most columns but the first, which may be an index, have names, and data follow.

    A note above a table fills one cell, and its row may be padded with empty ones.
    """
    names = seen.header[1:]
    return bool(names) and sum(bool(name) for name in names) >= LEAST_NAMED * len(names) and bool(seen.rows)


def _refuse_other_kinds(path: Path) -> None:
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise Fault(
            f"{path} is empty; expected a table with times and readings: fill it or name another file."
        )
    refuse_other_kinds(path, head)
    if not head.lstrip().startswith(b'"[') and _is_binary(head):
        raise Fault(
            f"{path} is a binary file; expected a table as CSV or other text, Parquet or .xlsx (also .gz, or .zip with "
            "one file): export the readings as one of these."
        )


KNOWN_BINARY = (b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"\xff\xfe", b"\xfe\xff")


def _is_binary(head: bytes) -> bool:
    """Whether the bytes cannot be text in any usual encoding; UTF-16 without a mark has a zero in each second place."""
    if head.startswith(KNOWN_BINARY):
        return False
    if not any(head):
        return True
    controls = sum(byte < 9 or 13 < byte < 32 for byte in head)
    even, odd = head[::2].count(0), head[1::2].count(0)
    return controls > len(head) // 50 and max(even, odd) < 0.8 * len(head) / 2


def joined(first: Sample, paths: Sequence[Path], given: dict[str, Any]) -> Sample:
    """The rows of several files that are parts of one table, as many as :data:`MOST_CELLS` allow.

    Files with other columns are left out; :func:`same_header` names them.
    """
    parts, rows, whole = [first], first.rows, first.whole
    for path in paths:
        most_rows = max(LEAST_ROWS, MOST_CELLS // len(first.columns))
        if rows >= most_rows:
            whole = False
            break
        part = read_sample(path, {**given, **first.dialect}, (most_rows - rows) * len(first.columns))
        if list(part.columns) == list(first.columns):
            parts.append(part)
            rows, whole = rows + part.rows, whole and part.whole
    columns = {
        name: pd.concat([part.columns[name] for part in parts], ignore_index=True) for name in first.columns
    }
    return replace(first, columns=columns, whole=whole)


def same_header(paths: Sequence[Path], first: Sample) -> str | None:
    """A sentence about the first file whose header differs from the first one's; None if all are equal."""
    dialect = SimpleNamespace(**{**DIALECT, **first.dialect})
    for path in paths:
        other = look(path, dialect)
        if other.header != first.look.header:
            return f"{path} has other columns than {first.path}"
    return None
