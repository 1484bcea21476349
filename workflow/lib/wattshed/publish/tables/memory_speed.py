"""Table: time and energy of a training step by memory level."""

import pandas as pd

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.memory_levels import (
    CELL_COLUMNS,
    LENGTH_NOTE,
    PLAIN_NOTE,
    TURNS_NOTE,
    cells_text,
    first_cells,
    numbered,
    share_percent,
)
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import Column, Table, powers, powers_interval
from wattshed.publish.typesetting.table_part import TablePart

TIME_NOTE = (
    "Time: median of the repeats with the range of the middle 95 %. Executed: share of the gated blocks that were "
    "computed; a dash without a gate."
)
MS = 1e3
NONE_NOTE = "No cell was measured."


def memory_speed_table(steps: pd.DataFrame) -> Table:
    """One row per measured cell and plan. steps: ``memory/steps.parquet``."""
    columns = [
        *CELL_COLUMNS,
        Column("Step", "ms", numeric=True),
        Column("middle 95 %", "ms"),
        Column("Time of plain", "%", numeric=True),
        Column("Energy", "J", numeric=True),
        Column("Energy of plain", "%", numeric=True),
        Column("Executed", "%", numeric=True),
    ]
    measured = steps[steps["step_s"].notna()]
    rows = [
        [
            *first_cells(row, before),
            powers(MS * row["step_s"]),
            powers_interval(MS * row["step_low_s"], MS * row["step_high_s"]),
            share_percent(row["step_share"]),
            powers(row["energy_j_per_step"], mark=energy_mark(row["energy_status"])),
            share_percent(row["energy_share"]),
            share_percent(row["executed_share"]),
        ]
        for row, before in numbered(measured)
    ]
    caption = f"Time and energy of a training step, {cells_text(measured)}."
    notes = [TIME_NOTE, TURNS_NOTE, PLAIN_NOTE, LENGTH_NOTE]
    return Table("memory_speed", caption, columns, rows, notes if rows else [NONE_NOTE])


def _make(inputs: Inputs) -> Table:
    return memory_speed_table(inputs.frame("memory_steps"))


TABLE = TablePart(
    message="Make the table of time and energy by memory level",
    caption="Time and energy of a training step by memory level, and what a level costs over the plain step.",
    inputs=("memory_steps",),
    make=_make,
)
