"""One series of regions from a CSV, TSV, Parquet or NPY file."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from wattshed.foundation.faults import Fault, one_line


def read_matrix(path: Path, rows_are_regions: bool) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the regions and float64 [samples, R]; NaN where a cell is empty.

    The header is optional: the first row of a CSV or TSV file holds names if one of its cells is text, or if it counts
    the columns from 0 or 1 on. Where rows are
    regions, names are those of the first column, if that is text. Regions without a name are numbered from 1. Raises
    :class:`Fault` for a file that cannot be read and for a cell that is not a number.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            names, table = None, np.load(path, allow_pickle=False)
        elif suffix == ".parquet":
            frame = pd.read_parquet(path)
            names, table = [str(name) for name in frame.columns], frame.to_numpy()
        else:
            names, table = _read_text(path, "\t" if suffix == ".tsv" else ",")
    except Fault:
        raise
    except (OSError, ValueError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise Fault(
            f"{path} cannot be read as {suffix[1:].upper()} ({one_line(error)}); expected a table of numbers, "
            "samples by regions: make the file again."
        ) from error
    if table.ndim != 2 or 0 in table.shape:
        raise Fault(
            f"{path} has the shape {list(table.shape)}; expected a table of samples and regions: make the file again."
        )
    if np.iscomplexobj(table):
        raise Fault(
            f"{path} holds complex numbers; expected real ones: choose what is meant, such as their magnitude, and "
            "make the file again."
        )
    if rows_are_regions:
        first = [_number(cell) for cell in table[:, 0]]
        names = None
        if any(number is None for number in first):
            names, table = [str(cell) for cell in table[:, 0]], table[:, 1:]
        table = table.T
    values = _numbers(table, path, rows_are_regions)
    found = tuple(names or (f"region_{number}" for number in range(1, values.shape[1] + 1)))
    if "" in found:
        raise Fault(
            f"{path}: region {found.index('') + 1} has no name in the header; expected a name for each region: "
            "name it, or write the table without an index column."
        )
    twice = [name for place, name in enumerate(found) if name in found[:place]]
    if twice:
        raise Fault(
            f"{path}: region {twice[0]!r} occurs twice; expected unique names of regions: rename one."
        )
    return found, values


def _read_text(path: Path, separator: str) -> tuple[list[str] | None, np.ndarray]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file, delimiter=separator) if any(cell.strip() for cell in row)]
    if not rows:
        raise Fault(f"{path} is empty; expected a table of samples and regions: fill it or remove the file.")
    first = ",".join(rows[0])
    if separator == "," and first.count(";") > first.count(","):
        raise Fault(
            f"{path}: cells are separated by semicolons; expected commas, and a point in decimal numbers: write the "
            "table again, such as with pandas' to_csv."
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise Fault(
                f"{path}: row {number} has {len(row)} cells and row 1 has {len(rows[0])}; expected as many in each, "
                f"separated by {'tabs' if separator == chr(9) else 'commas'}: correct the row."
            )
    # The first column may hold the names where rows are regions: it alone does not make a row a header.
    header = any(_number(cell) is None for cell in rows[0][1:] or rows[0]) or _counts(rows[0])
    names = [cell.strip() for cell in rows[0]] if header else None
    return names, np.array(rows[1:] if header else rows, dtype=object).reshape(-1, len(rows[0]))


def _counts(row: list[str]) -> bool:
    """Whether a first row numbers the columns, from 0 or 1 on, as tables without names are often written."""
    cells = [cell.strip() for cell in row]
    return len(cells) > 1 and any(
        cells == [str(first + place) for place in range(len(cells))] for first in (0, 1)
    )


def _number(cell: object) -> float | None:
    """A cell as a number, NaN if it is empty, None if it is text."""
    if cell is None or cell is pd.NA or (isinstance(cell, str) and not cell.strip()):
        return float("nan")
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _numbers(table: np.ndarray, path: Path, turned: bool) -> np.ndarray:
    if table.dtype != object and np.issubdtype(table.dtype, np.number):
        return table.astype(np.float64)
    found = np.empty(table.shape)
    for place, cell in np.ndenumerate(table):
        number = _number(cell)
        if number is None:
            row, column = place[::-1] if turned else place
            raise Fault(
                f"{path}: row {row + 1} of the numbers, column {column + 1}: {str(cell)[:40]!r} is not a number; "
                "expected a number with a decimal point: correct the cell."
            )
        found[place] = number
    return found
