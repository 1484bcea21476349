"""Tables: every published number of the laws' source against what its formula or its data give, one per document."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from wattshed.law.published.reproducing.row import error_text
from wattshed.law.published.reproducing.verdicts import Verdict
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import MISSING, Cell, Column, Table
from wattshed.publish.typesetting.table_part import TablePart

COLUMNS = [
    Column("Place", width_cm=1.7),
    Column("Quantity", width_cm=4.2),
    Column("Printed", width_cm=1.4),
    Column("Recomputed", width_cm=1.8),
    Column("Error", width_cm=1.3),
    Column("Verdict", width_cm=1.9),
    Column("Reason", width_cm=5.2),
]
NOTES = [
    "Verdicts follow rules on the numbers alone. Reproduced: the formula rounds to the printed digits. Wrong rounding: "
    "less than one unit of the last digit off. Slips and factors: within 1 % once named. Error: recomputed against "
    "printed.",
    "Pseudo-µs: the source divides by an efficiency in per cent as if it were a factor, so that its durations are a "
    "hundredth of the physical microseconds.",
    "Cited numbers come from the source's released notebook and files; wattshed reproduce --data computes them.",
]


def reproduction_tables(rows: pd.DataFrame) -> list[Table]:
    """One table per document. rows: ``law/reproduction.parquet``."""
    tables = []
    for source, own in rows.groupby("source", sort=False):
        document, counts = own["document"].iloc[0], own["verdict"].value_counts()
        said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if verdict in counts.index)
        caption = f"Published numbers of the energy law, {document}, recomputed: n = {len(own)}; {said}."
        made = [_row(row) for row in own.to_dict("records")]
        tables.append(Table(f"reproduction_{source}", caption, COLUMNS, made, list(NOTES)))
    return tables


def _row(row: dict[Hashable, Any]) -> list[Cell]:
    reproduced = row["verdict"] == Verdict.REPRODUCED
    reason = f"{row['reason']} (cited)" if row["basis"] == "cited" else str(row["reason"])
    return [
        Cell(str(row["place"])),
        Cell(str(row["quantity"])),
        _with_unit(MISSING if pd.isna(row["printed"]) else str(row["printed"]), row["unit"]),
        Cell(MISSING if pd.isna(row["recomputed"]) else f"{row['recomputed']:.6g}"),
        Cell(error_text(row["error_share"])),
        Cell(str(row["verdict"]), best=reproduced),
        Cell(reason),
    ]


def _with_unit(text: str, unit: str) -> Cell:
    return Cell(f"{text} {unit}" if unit and text != MISSING else text)


def _make(inputs: Inputs) -> list[Table]:
    return reproduction_tables(inputs.frame("reproduction"))


TABLE = TablePart(
    message="Make the table of published numbers of the energy law, recomputed",
    caption="Published numbers of the energy law, recomputed.",
    inputs=("reproduction",),
    make=_make,
)
