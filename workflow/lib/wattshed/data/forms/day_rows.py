"""Rows that hold a day each, as one reading per cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.forms.day_columns import DayColumns, day_columns
from wattshed.data.forms.places import Places
from wattshed.data.forms.rows import Rows
from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class DayCells:
    """The cells with a reading, R of them, row by row.

    time: int32 [R], codes of ``times`` [U]: dates, or dates with a time of day. number: int16 [R], hours or periods, or
    None. node: int32 [R] or None. values: [R].
    """

    time: np.ndarray
    times: pd.Series
    number: np.ndarray | None
    node: np.ndarray | None
    values: np.ndarray
    rows: Sequence[int]
    columns: DayColumns


@dataclass(frozen=True)
class CellRows(Sequence[int]):
    """Row numbers of cells."""

    rows: Places
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, cell: int) -> int:  # type: ignore[override]
        return self.rows[int(self.row[cell])]


def melt(rows: Rows) -> DayCells:
    """One reading per cell; an empty cell is not a reading, such as that of an hour that the clocks skip."""
    columns = day_columns(rows.table.look.header)
    assert columns is not None
    assert rows.time is not None
    count = len(columns.places)
    filled = np.flatnonzero(~np.isnan(rows.values))
    if not len(filled):
        raise Fault(f"{rows.table.look.path} has no reading; expected at least one: correct the file.")
    row, column = (part.astype(np.int32) for part in np.divmod(filled, count))
    time = rows.time[row]
    times = rows.times.astype("str").str.replace(r"[ T]00:00:00(\.0+)?$", "", regex=True)
    number = None
    if columns.texts is not None:
        time = time * np.int32(count) + column
        times = pd.Series([f"{date} {text}" for date in times for text in columns.texts], dtype="str")
    else:
        assert columns.numbers is not None
        number = np.array(columns.numbers, dtype=np.int16)[column]
    return DayCells(
        time,
        times,
        number,
        None if rows.node is None else rows.node[row],
        rows.values.reshape(-1)[filled],
        CellRows(rows.rows, row),
        columns,
    )
