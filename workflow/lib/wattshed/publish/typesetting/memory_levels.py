"""What the tables of memory levels share: first cells of a row, sizes, and the frame of the tables of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.publish.notes.memory_levels import (
    CELL,
    LENGTH_NOTE,
    NONE_NOTE,
    PLAIN_NOTE,
    TURNS_NOTE,
    plan_name,
)
from wattshed.publish.typesetting.table import MISSING, Cell, Column, Table, decimals, powers, powers_interval

MS = 1e3
CELL_COLUMNS = (
    Column("Model"),
    Column("Length", numeric=True),
    Column("Batch", numeric=True),
    Column("Plan"),
)


def first_cells(row: Mapping[Any, Any], before: Mapping[Any, Any] | None) -> list[Cell]:
    """Model, length, batch and plan of a row; what the row before it says too is left blank."""
    said = [str(row["model"]), str(int(row["length"])), str(int(row["batch"]))]
    if before is not None:
        same = [row[key] == before[key] for key in CELL]
        said = ["" if all(same[: place + 1]) else text for place, text in enumerate(said)]
    return [*map(Cell, said), Cell(plan_name(row))]


def numbered(steps: pd.DataFrame) -> list[tuple[dict[Any, Any], dict[Any, Any] | None]]:
    """Every row with the one before it, as dictionaries; cells stay together in their first order."""
    order = {
        key: place for place, key in enumerate(dict.fromkeys(zip(*(steps[key] for key in CELL), strict=True)))
    }
    places = [order[key] for key in zip(*(steps[key] for key in CELL), strict=True)]
    rows = steps.iloc[pd.Series(places, dtype="int64").argsort(kind="stable").to_numpy()].to_dict("records")
    return [(dict(row), dict(rows[place - 1]) if place else None) for place, row in enumerate(rows)]


def megabytes(value: float | None, *, mark: str = "") -> Cell:
    """Bytes in MB (10^6) with three significant digits; a dash without a mark if they are unknown."""
    return Cell(MISSING) if value is None or pd.isna(value) else Cell(megabytes_text(value), mark)


def share_percent(value: float | None, places: int = 0) -> Cell:
    return decimals(None if value is None or pd.isna(value) else 100 * value, places)


def cells_text(steps: pd.DataFrame) -> str:
    """How many cells and plans a table has, for its caption."""
    cells = steps.groupby(list(CELL), observed=True).ngroups
    return f"n = {cells} {'cell' if cells == 1 else 'cells'} of model, length and batch"


def timed_table(
    name: str,
    steps: pd.DataFrame,
    *,
    what: str,
    time: str,
    takes: str,
    note: str,
    columns: Sequence[Column],
    cells: Callable[[Mapping[Any, Any]], Sequence[Cell]],
) -> Table:
    """Model, length, batch and plan of each measured row, its time with the middle 95 % of the repeats, and further
    cells.

    steps: ``memory/steps.parquet``. what: of the caption; time: the column of seconds without its ending, such as
    ``step``; takes: the heading of its column; note: what the time is of; columns, cells: of a row beside these.
    """
    measured = steps[steps[f"{time}_s"].notna()]
    rows = [
        [
            *first_cells(row, before),
            powers(MS * row[f"{time}_s"]),
            powers_interval(MS * row[f"{time}_low_s"], MS * row[f"{time}_high_s"]),
            *cells(row),
        ]
        for row, before in numbered(measured)
    ]
    heads = [*CELL_COLUMNS, Column(takes, "ms", numeric=True), Column("middle 95 %", "ms"), *columns]
    notes = [note, TURNS_NOTE, PLAIN_NOTE, LENGTH_NOTE]
    return Table(name, f"{what}, {cells_text(measured)}.", heads, rows, notes if rows else [NONE_NOTE])
