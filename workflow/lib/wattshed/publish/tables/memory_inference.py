"""Table: time of a forecast by memory level."""

import pandas as pd

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.memory_levels import timed_table
from wattshed.publish.typesetting.table import Column, Table, decimals, powers
from wattshed.publish.typesetting.table_part import TablePart

PASS_NOTE = (
    "Time: of the forward pass of one batch without gradients, median of the repeats with the range of the middle "
    "95 %. Mechanisms that act on the backward pass or the update alone, such as checkpointing, change nothing here."
)


def memory_inference_table(steps: pd.DataFrame) -> Table:
    """One row per measured cell and plan. steps: ``memory/steps.parquet``."""
    return timed_table(
        "memory_inference",
        steps,
        what="Speed of forecasts by memory level",
        time="inference",
        takes="Batch takes",
        note=PASS_NOTE,
        columns=[Column("Per second", numeric=True), Column("Times as fast", numeric=True)],
        cells=lambda row: [powers(row["batch"] / row["inference_s"]), decimals(row["inference_speed_up"], 2)],
    )


def _make(inputs: Inputs) -> Table:
    return memory_inference_table(inputs.frame("memory_steps"))


TABLE = TablePart(
    message="Make the table of the speed of forecasts by memory level",
    caption="Speed of forecasts by memory level, against the plain network.",
    inputs=("memory_steps",),
    make=_make,
)
