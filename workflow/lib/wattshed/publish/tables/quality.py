"""Table: quality of the panel's readings, node by node."""

import pandas as pd

from wattshed.publish.typesetting.table import Cell, Column, Table, decimals
from wattshed.publish.typesetting.table_part import TablePart

SHOWN_NODES = 12


def quality_table(quality: pd.DataFrame, unit: str) -> Table:
    """Nodes of lowest coverage first; at most :data:`SHOWN_NODES` are shown."""
    worst = quality.sort_values(["coverage_share", "spike_count"], ascending=[True, False], kind="stable")
    rows = [
        [
            Cell(str(row["node"])),
            decimals(100 * row["coverage_share"], 2),
            decimals(100 * row["imputed_share"], 2),
            Cell(str(row["gap_count"])),
            Cell(f"{row['longest_gap_h']:.10g}"),
            decimals(100 * row["constant_share"], 1),
            Cell(str(row["spike_count"])),
            decimals(row["mean"], 3),
            decimals(row["maximum"], 2),
        ]
        for row in worst.head(SHOWN_NODES).to_dict("records")
    ]
    columns = [
        Column("Node"),
        Column("Coverage", "%", numeric=True),
        Column("Imputed", "%", numeric=True),
        Column("Gaps", numeric=True),
        Column("Longest", "h", numeric=True),
        Column("Constant", "%", numeric=True),
        Column("Spikes", numeric=True),
        Column("Mean", unit, numeric=True),
        Column("Maximum", unit, numeric=True),
    ]
    caption = f"Quality of the readings: the {len(rows)} nodes of lowest coverage out of n = {len(quality)}."
    suspects = quality[quality["suspect_reason"].notna()]
    notes = [f"Suspect, {row['node']}: {row['suspect_reason']}." for row in suspects.to_dict("records")]
    if len(notes) > SHOWN_NODES:
        notes = [*notes[:SHOWN_NODES], f"Suspect, {len(notes) - SHOWN_NODES} more nodes."]
    return Table("quality", caption, columns, rows, notes)


TABLE = TablePart(
    message="Make the table of quality",
    caption="Quality of the readings, node by node.",
    inputs=("quality", "panel"),
    in_report_only=True,
    make=lambda inputs: quality_table(inputs.frame("quality"), inputs.unit),
)
