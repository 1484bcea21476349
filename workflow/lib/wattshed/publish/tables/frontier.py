"""Table: error against energy per model, dominated models kept."""

import pandas as pd

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Status
from wattshed.publish.typesetting.status_marks import energy_cell
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE

NO_FIT_NOTE = "No fit: there is nothing to fit, which costs nothing and is below what a meter can tell."


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
                energy_cell(training[0], row["energy_status"]),
                significant_interval(*training[1:]),
                energy_cell(row["forecast_j_per_1000_mean"], row["forecast_status"]),
                significant_interval(row["forecast_j_per_1000_low"], row["forecast_j_per_1000_high"]),
                Cell(_place(row)),
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
        NO_FIT_NOTE,
        f"{METHOD_NOTE}; over seeds, for fits without randomness over repeated fits; a dash where n = 1 or the energy "
        "is unknown.",
    ]
    return Table("frontier", caption, columns, rows, notes)


def _place(row: pd.Series) -> str:
    if row["dominated"] is pd.NA:
        return "no fit: no place" if row["energy_status"] == Status.NO_FIT else "unknown"
    return "dominated" if row["dominated"] else "on frontier"


TABLE = TablePart(
    message="Make the table of error against energy",
    caption="Error against energy per model; dominated models are kept.",
    inputs=("frontier", "windows", "panel"),
    windows=("epoch", "fit", "forecast"),
    make=lambda inputs: frontier_table(inputs.frame("frontier"), inputs.unit),
)
