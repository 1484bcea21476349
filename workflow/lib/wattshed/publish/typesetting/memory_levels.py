"""What the tables and the sentences of memory levels share: first cells of a row, names, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from wattshed.config.memory.study import BASE
from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.publish.typesetting.table import MISSING, Cell, Column, decimals

CELL = ("model", "length", "batch")
CELL_COLUMNS = (
    Column("Model"),
    Column("Length", numeric=True),
    Column("Batch", numeric=True),
    Column("Plan"),
)
LENGTH_NOTE = (
    "Length: of what the model sees: the look-back, a sequence where the recipe samples those, or the samples of a "
    "labelled window. Batch: in what the recipe counts."
)
PLAIN_NOTE = (
    f"{BASE}: the plain step, with explicit attention, a tensor of messages and nothing recomputed. Shares are of the "
    "plain step of the same model, length and batch."
)
TURNS_NOTE = "The plans of a cell took turns, so that all of them met the same machine."


def plan_name(row: Mapping[Any, Any]) -> str:
    """A level's name, or that of a mechanism that was measured alone."""
    return f"{row['level']} alone" if pd.notna(row["alone"]) and row["alone"] else str(row["level"])


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


def mechanism_notes(steps: pd.DataFrame) -> list[str]:
    """What each level was made of, and what it left out and why; models with the same plan share a sentence."""
    levels = steps[(steps["level"] != BASE) & ~steps["alone"].fillna(False)]
    levels = levels.fillna({"mechanisms": "", "left_out": ""})
    found = []
    for column, say in (("mechanisms", _made_of), ("left_out", _leaves_out)):
        for (level, text), rows in levels.groupby(["level", column], sort=False):
            models = rows["model"].unique()
            of = "" if len(models) == levels["model"].nunique() else f"{', '.join(map(str, models))}, "
            if said := say(str(level), str(text)):
                found.append(f"{of}{said}.")
    return found


def _made_of(level: str, text: str) -> str:
    return f"{level}: {text or 'nothing that this network has'}"


def _leaves_out(level: str, text: str) -> str:
    return f"{level} leaves out {text}" if text else ""


def unmeasured_notes(steps: pd.DataFrame) -> list[str]:
    """Why rows were not measured, each reason once with its rows."""
    lacking = steps[steps["why_none"].notna()]
    found = []
    for why, rows in lacking.groupby("why_none", sort=False):
        named = [_cell_text(cell, own, steps) for cell, own in rows.groupby(list(CELL), sort=False)]
        found.append(f"Not measured: {'; '.join(named)}: {str(why).rstrip('.')}.")
    return found


def _cell_text(cell: Sequence[Any], rows: pd.DataFrame, steps: pd.DataFrame) -> str:
    """A cell, with its plans where only some of them lack a measurement."""
    model, length, batch = cell
    same = (steps["model"] == model) & (steps["length"] == length) & (steps["batch"] == batch)
    plans = ", ".join(plan_name(row) for row in rows.to_dict("records"))
    return f"{model}, length {length}, batch {batch}{f' ({plans})' if len(rows) < same.sum() else ''}"
