"""Table: time of a forecast by memory level."""

import pandas as pd

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.tables.memory_speed import MS, NONE_NOTE
from wattshed.publish.typesetting.memory_levels import (
    CELL_COLUMNS,
    LENGTH_NOTE,
    PLAIN_NOTE,
    TURNS_NOTE,
    cells_text,
    first_cells,
    numbered,
)
from wattshed.publish.typesetting.table import Column, Table, decimals, powers, powers_interval
from wattshed.publish.typesetting.table_part import TablePart

PASS_NOTE = (
    "Time: of the forward pass of one batch without gradients, median of the repeats with the range of the middle "
    "95 %. Mechanisms that act on the backward pass or the update alone, such as checkpointing, change nothing here."
)


def memory_inference_table(steps: pd.DataFrame) -> Table:
    """One row per measured cell and plan. steps: ``memory/steps.parquet``."""
    columns = [
        *CELL_COLUMNS,
        Column("Batch takes", "ms", numeric=True),
        Column("middle 95 %", "ms"),
        Column("Per second", numeric=True),
        Column("Times as fast", numeric=True),
    ]
    measured = steps[steps["inference_s"].notna()]
    rows = [
        [
            *first_cells(row, before),
            powers(MS * row["inference_s"]),
            powers_interval(MS * row["inference_low_s"], MS * row["inference_high_s"]),
            powers(row["batch"] / row["inference_s"]),
            decimals(row["inference_speed_up"], 2),
        ]
        for row, before in numbered(measured)
    ]
    caption = f"Speed of forecasts by memory level, {cells_text(measured)}."
    notes = [PASS_NOTE, TURNS_NOTE, PLAIN_NOTE, LENGTH_NOTE]
    return Table("memory_inference", caption, columns, rows, notes if rows else [NONE_NOTE])


def _make(inputs: Inputs) -> Table:
    return memory_inference_table(inputs.frame("memory_steps"))


TABLE = TablePart(
    message="Make the table of the speed of forecasts by memory level",
    caption="Speed of forecasts by memory level, against the plain network.",
    inputs=("memory_steps",),
    make=_make,
)
