"""Notes below the tables of memory levels: what a plan was made of, and what was not measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from wattshed.config.memory.study import BASE

# A cell of such a table: all plans of one model, length and batch.
CELL = ("model", "length", "batch")
LENGTH_NOTE = (
    "Length: of what the model sees: the look-back, a sequence where the recipe samples those, or the samples of a "
    "labelled window. Batch: in what the recipe counts."
)
PLAIN_NOTE = (
    f"{BASE}: the plain step, with explicit attention, a tensor of messages and nothing recomputed. Shares are of the "
    "plain step of the same model, length and batch."
)
TURNS_NOTE = "The plans of a cell took turns, so that all of them met the same machine."
NONE_NOTE = "No cell was measured."


def plan_name(row: Mapping[Any, Any]) -> str:
    """A level's name, or that of a mechanism that was measured alone."""
    return f"{row['level']} alone" if pd.notna(row["alone"]) and row["alone"] else str(row["level"])


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
