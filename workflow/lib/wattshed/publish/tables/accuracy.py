"""Table: test errors of every model, baselines included."""

import pandas as pd

from wattshed.accounts.comparison.accuracy_means import METRICS, accuracy_means
from wattshed.energy.reading import COMPONENTS, JOULES_PER_KWH, TOO_SHORT
from wattshed.foundation.vocabulary import Window
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.status_marks import energy_cell
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE


def accuracy_table(scores: pd.DataFrame, frontier: pd.DataFrame, unit: str, *further: str) -> Table:
    """Every model in the order of its RMSE, with the energy of one training run.

    scores: ``accuracy/scores.parquet``; frontier: ``frontier.parquet``; unit: of the errors; further: notes on what a
    reader must know, such as a cap on epochs.
    """
    summary = accuracy_means(scores)
    energies = frontier.set_index("model")
    best = {m: (summary[f"{m}_mean"].max() if m == "r2" else summary[f"{m}_mean"].min()) for m in METRICS}

    def mean(row: pd.Series, metric: str, places: int, factor: float = 1) -> Cell:
        value = row[f"{metric}_mean"]
        return decimals(value * factor, places, best=bool(value == best[metric]))

    rows = []
    for _, row in summary.iterrows():
        energy = energies.loc[row["model"]]
        joules = energy["training_kwh_mean"] * JOULES_PER_KWH
        rows.append(
            [
                Cell(row["model"]),
                Cell(str(row["n"])),
                mean(row, "rmse", 4),
                interval(row["rmse_low"], row["rmse_high"], 4),
                mean(row, "mae", 4),
                mean(row, "wape", 1, 100),
                mean(row, "mase", 3),
                mean(row, "r2", 3),
                energy_cell(joules, energy["energy_status"]),
            ]
        )
    columns = [
        Column("Model"),
        Column("n", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
        Column("MAE", unit, numeric=True),
        Column("WAPE", "%", numeric=True),
        Column("MASE", numeric=True),
        Column("R²", numeric=True),
        Column("Training", "J", numeric=True),
    ]
    caption = (
        f"Errors on the test part, all horizons and observed cells, mean over {count_text(summary['n'])} "
        "trained seeds per model (1 where nothing is random), sorted by RMSE; best of a column in bold."
    )
    notes = [f"{METHOD_NOTE}; over seeds, a dash where n = 1."]
    return Table("accuracy", caption, columns, rows, [*notes, *further])


def short_epochs_notes(windows: pd.DataFrame) -> list[str]:
    """Names models whose energy is unknown because their epochs are shorter than the sensors resolve.

    windows: of the accounts.
    """
    epochs = windows[(windows["window"] == Window.EPOCH) & windows["energy_kwh"].isna()]
    sources = epochs[[f"{part}_source" for part in COMPONENTS if f"{part}_source" in epochs]]
    short = [any(TOO_SHORT in str(text) for text in row) for row in sources.itertuples(index=False)]
    names = epochs.loc[short, "model"].unique()
    return [
        f"{name} has a dash: its epochs are shorter than the sensors' resolution, so their energy is unknown."
        for name in names
    ]


def _make(inputs: Inputs) -> Table:
    notes = short_epochs_notes(inputs.frame("windows"))
    if note := inputs.parameter("note"):
        notes.append(note)
    return accuracy_table(inputs.frame("scores"), inputs.frame("frontier"), inputs.unit, *notes)


TABLE = TablePart(
    message="Make the table of accuracy",
    caption="Test errors of every model, baselines included, with the energy of one training.",
    inputs=("scores", "frontier", "windows", "panel"),
    windows=("epoch", "fit"),
    parameters=("note",),
    make=_make,
)
