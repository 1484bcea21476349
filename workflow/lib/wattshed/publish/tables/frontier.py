"""Table: error against energy per model, dominated models kept."""

import pandas as pd

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    significant,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE


def frontier_table(frontier: pd.DataFrame, unit: str) -> Table:
    """RMSE, energy of one training run and of 1,000 forecasts; models on the frontier are named in bold."""
    rows = []
    for _, row in frontier.iterrows():
        on = row["dominated"] is not pd.NA and not row["dominated"]
        training = [row[f"training_kwh_{part}"] * JOULES_PER_KWH for part in ("mean", "low", "high")]
        rows.append(
            [
                Cell(row["model"], best=on),
                Cell(str(row["training_kwh_n"])),
                decimals(row["rmse_mean"], 4),
                significant(training[0], mark=energy_mark(row["energy_status"])),
                significant_interval(*training[1:]),
                significant(row["forecast_j_per_1000_mean"], mark=energy_mark(row["forecast_status"])),
                significant_interval(row["forecast_j_per_1000_low"], row["forecast_j_per_1000_high"]),
                Cell("unknown" if row["dominated"] is pd.NA else "on frontier" if on else "dominated"),
            ]
        )
    columns = [
        Column("Model"),
        Column("n", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column("Training", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("1,000 forecasts", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("Error and training"),
    ]
    caption = (
        f"Error against energy, mean over {count_text(frontier['training_kwh_n'])} runs per model; a model on the "
        "frontier is bold: no other is better in both RMSE and training energy."
    )
    notes = [
        "One forecast is one node's whole horizon.",
        f"{METHOD_NOTE}, over seeds; a dash where n = 1 or the energy is unknown.",
    ]
    return Table("frontier", caption, columns, rows, notes)


TABLE = TablePart(
    message="Make the table of error against energy",
    caption="Error against energy per model; dominated models are kept.",
    inputs=("frontier", "windows", "panel"),
    windows=("epoch", "fit", "forecast"),
    make=lambda inputs: frontier_table(inputs.frame("frontier"), inputs.unit),
)
