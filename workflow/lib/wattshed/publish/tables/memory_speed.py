"""Table: time and energy of a training step by memory level."""

import pandas as pd

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.memory_levels import share_percent, timed_table
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import Column, Table, powers
from wattshed.publish.typesetting.table_part import TablePart

TIME_NOTE = (
    "Time: median of the repeats with the range of the middle 95 %. Executed: share of the gated blocks that were "
    "computed; a dash without a gate."
)


def memory_speed_table(steps: pd.DataFrame) -> Table:
    """One row per measured cell and plan. steps: ``memory/steps.parquet``."""
    return timed_table(
        "memory_speed",
        steps,
        what="Time and energy of a training step",
        time="step",
        takes="Step",
        note=TIME_NOTE,
        columns=[
            Column("Time of plain", "%", numeric=True),
            Column("Energy", "J", numeric=True),
            Column("Energy of plain", "%", numeric=True),
            Column("Executed", "%", numeric=True),
        ],
        cells=lambda row: [
            share_percent(row["step_share"]),
            powers(row["energy_j_per_step"], mark=energy_mark(row["energy_status"])),
            share_percent(row["energy_share"]),
            share_percent(row["executed_share"]),
        ],
    )


def _make(inputs: Inputs) -> Table:
    return memory_speed_table(inputs.frame("memory_steps"))


TABLE = TablePart(
    message="Make the table of time and energy by memory level",
    caption="Time and energy of a training step by memory level, and what a level costs over the plain step.",
    inputs=("memory_steps",),
    make=_make,
)
