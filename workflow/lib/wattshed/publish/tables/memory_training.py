"""Table: peak memory of a training step by level, length and batch, predicted and measured."""

import pandas as pd

from wattshed.publish.notes.memory_levels import LENGTH_NOTE, PLAIN_NOTE, mechanism_notes, unmeasured_notes
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.memory_levels import (
    CELL_COLUMNS,
    cells_text,
    first_cells,
    megabytes,
    numbered,
    share_percent,
)
from wattshed.publish.typesetting.table import Column, Table
from wattshed.publish.typesetting.table_part import TablePart

BYTES_NOTE = (
    "Peak: the most bytes of tensors that live at once on the device in a step, weights, gradients and optimiser "
    "included; predicted by the same step on tensors without values. Saved: what the forward pass keeps for the "
    "backward pass, each storage once, without weights and inputs. Process: by how much the resident memory of the "
    "whole process rose, which also holds what libraries and the allocator keep. 1 MB is 10⁶ bytes."
)


def memory_training_table(steps: pd.DataFrame) -> Table:
    """One row per cell and plan. steps: ``memory/steps.parquet``."""
    columns = [
        *CELL_COLUMNS,
        Column("Peak predicted", "MB", numeric=True),
        Column("Peak measured", "MB", numeric=True),
        Column("Prediction off by", "%", numeric=True),
        Column("Peak of plain", "%", numeric=True),
        Column("Saved", "MB", numeric=True),
        Column("Saved of plain", "%", numeric=True),
        Column("Process", "MB", numeric=True),
    ]
    rows = []
    for row, before in numbered(steps):
        predicted, measured = row["predicted_peak_bytes"], row["measured_peak_bytes"]
        known = pd.notna(measured) and measured > 0 and pd.notna(predicted)
        share = row["measured_peak_share"] if pd.notna(measured) else row["predicted_peak_share"]
        rows.append(
            [
                *first_cells(row, before),
                megabytes(predicted),
                megabytes(measured),
                share_percent(predicted / measured - 1 if known else None, 1),
                share_percent(share),
                megabytes(row["saved_bytes"]),
                share_percent(row["saved_share"]),
                megabytes(row["resident_rise_bytes"]),
            ]
        )
    caption = f"Memory of a training step, {cells_text(steps)}."
    notes = [BYTES_NOTE, PLAIN_NOTE, LENGTH_NOTE, *mechanism_notes(steps), *unmeasured_notes(steps)]
    return Table("memory_training", caption, columns, rows, notes)


def _make(inputs: Inputs) -> Table:
    return memory_training_table(inputs.frame("memory_steps"))


TABLE = TablePart(
    message="Make the table of memory in training",
    caption="Peak memory of a training step by memory level, length and batch, predicted and measured.",
    inputs=("memory_steps",),
    make=_make,
)
