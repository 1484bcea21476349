"""Workbooks (.xlsx): one sheet as a table, read by pandas through the extra ``excel``."""

import datetime
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.data.dialects.containers import Container
from wattshed.data.dialects.look import Dialect, Look
from wattshed.foundation.faults import Fault

SHOWN_ROWS = 200
# In the XML of a sheet: a cell, its value, its error, and the first and last of merged cells.
CELL = re.compile(rb'<c r="([A-Z]+\d+)"([^>]*[^/])?>(.*?)</c>', re.DOTALL)
VALUE = re.compile(rb"<v>[^<]")
ERROR = re.compile(rb"<v>([^<]+)</v>")
MERGED = re.compile(rb'<mergeCell ref="([A-Z]+\d+):([A-Z]+\d+)"')


@dataclass(frozen=True)
class WorkbookTable:
    """A sheet, whole in memory; see :class:`wattshed.data.dialects.opening.Table`.

    cells: of the rows of data, as Python has them. rows: their numbers in the sheet.
    """

    look: Look
    cells: pd.DataFrame
    rows: np.ndarray

    def blocks(self, columns: Sequence[int], coded: Sequence[int]) -> Iterator[list[pa.Array]]:
        cells = [_array(self.cells.iloc[:, column]) for column in columns]
        yield [
            pc.dictionary_encode(cell) if column in coded else cell
            for column, cell in zip(columns, cells, strict=True)
        ]

    def row_number(self, index: int) -> int:
        return int(self.rows[index])


def open_workbook(container: Container, dialect: Dialect) -> WorkbookTable:
    """The sheet of a workbook. Raises :class:`Fault` without the package, and where the sheet cannot be known."""
    try:
        import openpyxl  # noqa: F401
    except ImportError as error:
        raise Fault(
            f"{container.path} is a workbook, and reading it needs the package openpyxl, which is not installed: "
            "pip install 'wattshed[excel]', or save the sheet as CSV."
        ) from error
    with container.open_at_any_place() as stream:
        try:
            book = pd.ExcelFile(stream, engine="openpyxl")
            sheet = _sheet(container, [str(name) for name in book.sheet_names], dialect.sheet)
            cells = pd.read_excel(book, sheet, header=None, dtype=object, na_filter=False)
            _show_unread(cells, stream, book.book[sheet])
        except Fault:
            raise
        # openpyxl raises errors of any kind for workbooks that it does not understand.
        except Exception as error:
            raise container.damaged(error) from error
    # pandas leaves blank rows at the start in place; their numbers are those of the sheet.
    filled: np.ndarray = ~cells.map(_is_empty).all(axis=1).to_numpy(dtype=bool)
    filled[: dialect.skip_rows] = False
    if not filled.any():
        raise Fault(
            f"{container.path}: sheet {sheet!r} is empty; expected a header and readings: correct data.source.sheet."
        )
    rows = np.flatnonzero(filled)
    header = [_text(cell) for cell in cells.iloc[rows[0]]]
    data = cells.iloc[rows[1:]]
    while len(header) > 1 and not header[-1] and data.iloc[:, len(header) - 1].map(_is_empty).all():
        header.pop()
    data = data.iloc[:, : len(header)]
    shown = tuple(tuple(map(_text, row)) for row in data.head(SHOWN_ROWS).itertuples(index=False, name=None))
    look = Look(
        container, tuple(header), shown, int(rows[0]) + 1, int(rows[0]) + 2, width=len(header), sheet=sheet
    )
    return WorkbookTable(look, data, rows[1:] + 1)


def _show_unread(cells: pd.DataFrame, stream: IO[bytes], sheet: Any) -> None:
    """Write texts into cells that pandas shows as empty although they are not, so that they are refused as readings.

    These are errors such as #DIV/0!, formulas that no program has computed, and the cells that a number is merged with.
    """
    place = getattr(sheet, "_worksheet_path", None)
    if place is None:
        return
    stream.seek(0)
    with zipfile.ZipFile(stream) as archive:
        content = archive.read(str(place).lstrip("/"))
    if not any(sign in content for sign in (b"<f", b't="e"', b"<mergeCell ")):
        return
    for cell in CELL.finditer(content):
        if b't="e"' in (cell[2] or b""):
            error = ERROR.search(cell[3])
            _put(cells, *_places(cell[1]), error[1].decode() if error else "an error")
        elif b"<f" in cell[3] and b't="str"' not in (cell[2] or b"") and not VALUE.search(cell[3]):
            _put(cells, *_places(cell[1]), "a formula that was never computed (save the workbook again)")
    for merged in MERGED.finditer(content):
        (top, left), (bottom, right) = _places(merged[1]), _places(merged[2])
        if top < len(cells) and left < cells.shape[1] and isinstance(cells.iat[top, left], int | float):
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    if (row, column) != (top, left):
                        _put(cells, row, column, f"merged with {merged[1].decode()}")


def _places(name: bytes) -> tuple[int, int]:
    """Row and column, from 0, of a cell such as B5."""
    letters = name.rstrip(b"0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + letter - ord("A") + 1
    return int(name[len(letters) :]) - 1, column - 1


def _put(cells: pd.DataFrame, row: int, column: int, text: str) -> None:
    """A text into a cell that pandas read and found empty."""
    if row < len(cells) and column < cells.shape[1] and _is_empty(cells.iat[row, column]):
        cells.iat[row, column] = text


def _sheet(container: Container, names: list[str], wanted: str | None) -> str:
    shown = ", ".join(repr(name) for name in names[:6]) + (", ..." if len(names) > 6 else "")
    if wanted is not None and wanted not in names:
        raise Fault(
            f"{container.path} has no sheet {wanted!r}; expected one of {shown}: correct data.source.sheet."
        )
    if wanted is None and len(names) > 1:
        raise Fault(
            f"{container.path} has {len(names)} sheets ({shown}); expected to know which one: set data.source.sheet."
        )
    return wanted or names[0]


def _is_empty(cell: Any) -> bool:
    return (
        cell is None
        or (isinstance(cell, str) and not cell.strip())
        or (isinstance(cell, float) and cell != cell)
    )


def _text(cell: Any) -> str:
    """A cell as text: dates without a time of day as dates, whole numbers without a fraction."""
    if _is_empty(cell):
        return ""
    if isinstance(cell, datetime.datetime):
        text = str(cell)
        return text.removesuffix(" 00:00:00")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _array(column: pd.Series) -> pa.Array:
    """Numbers as float64, times as timestamps, and anything else, or a mixture, as text."""
    cells = [None if _is_empty(cell) else cell for cell in column]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {int, float}:
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if kinds and all(issubclass(kind, datetime.datetime) for kind in kinds):
        # Excel stores times as fractions of days: 0:59:59.999999 is meant to be 1:00:00.
        rounded = [None if cell is None else pd.Timestamp(cell).round("ms") for cell in cells]
        return pa.array(rounded, pa.timestamp("ms"))
    return pa.array(["" if cell is None else _text(cell) for cell in cells], pa.string())
