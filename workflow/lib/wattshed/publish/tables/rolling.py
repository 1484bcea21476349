"""Table: what all rolling origins together say of the models, and their errors origin by origin."""

import pandas as pd

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.notes.beside_others import not_alone_note
from wattshed.publish.typesetting.status_marks import energy_cell
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    MISSING,
    Cell,
    Column,
    Table,
    decimals,
    interval,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import RULE_NOTE


def rolling_tables(rolling: pd.DataFrame, origins: pd.DataFrame, unit: str) -> dict[str, Table]:
    """One row per model, and one row per origin, by file.

    rolling, origins: rows of ``rolling.parquet`` and ``rolling.origins.parquet``; unit: of the errors.
    """
    return {table.name: table for table in (_models_table(rolling, unit), _origins_table(origins, unit))}


def _models_table(rolling: pd.DataFrame, unit: str) -> Table:
    columns = [
        Column("Model"),
        Column("Seeds", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
        Column("Won", numeric=True),
        Column("Δ RMSE", "%", numeric=True),
        Column(INTERVAL_TITLE, "%"),
        Column("Outcome", width_cm=2.2),
        Column("Training", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
    ]
    rows = [_model_row(row, place == 0) for place, row in enumerate(rolling.to_dict("records"))]
    count, best = int(rolling["origins"].max()), rolling.loc[rolling["best"], "model"].iloc[0]
    caption = (
        f"Errors and training energy at n = {count} rolling origins, each with training, validation and test parts of "
        "its own: means over the origins' test parts, sorted by RMSE."
    )
    notes = [
        "RMSE and training energy: geometric means over the origins of each one's mean over seeds, with Student's 95 % "
        "t interval of the logarithms over origins. It is wide where some test parts are harder than others: that "
        "concerns all models alike, and Δ compares them on the same windows. Training parts overlap, so that origins "
        "are not wholly independent.",
        "Won: origins where the model has the least test RMSE.",
        f"Δ: against {best}, which has the least error on all validation parts together, on all windows of all test "
        f"parts; {RULE_NOTE}.",
    ]
    beside = rolling[rolling["not_alone"] > 0]
    names = zip(beside["model"], beside["not_alone"], beside["trainings"], strict=True)
    if len(beside):
        notes.append(
            not_alone_note([f"{name} ({count} of {total} trainings)" for name, count, total in names])
        )
    return Table("rolling", caption, columns, rows, notes)


def _model_row(row: dict, first: bool) -> list[Cell]:
    joules = [row[f"training_kwh_{part}"] * JOULES_PER_KWH for part in ("mean", "low", "high")]
    change = [100 * row[f"change_{part}"] for part in ("share", "low", "high")]
    outcome = "chosen" if row["best"] else row["outcome"]
    return [
        Cell(row["model"]),
        Cell(str(row["seeds"])),
        decimals(row["rmse_mean"], 4, best=first),
        interval(row["rmse_low"], row["rmse_high"], 4),
        Cell(str(row["won"])),
        decimals(change[0], 1),
        interval(change[1], change[2], 1),
        Cell(MISSING if pd.isna(outcome) else str(outcome)),
        energy_cell(joules[0], row["energy_status"]),
        significant_interval(joules[1], joules[2]),
    ]


def _origins_table(origins: pd.DataFrame, unit: str) -> Table:
    models = list(dict.fromkeys(origins["model"]))
    errors = origins.pivot_table(index="origin", columns="model", values="rmse", aggfunc="mean")[models]
    days = origins.drop_duplicates("origin").sort_values("origin")
    rows = [
        [
            Cell(str(origin)),
            Cell(f"{first} to {last}"),
            *[decimals(value, 4, best=value == values.min()) for value in values],
        ]
        for origin, first, last, values in zip(
            errors.index, days["first_day"], days["last_day"], errors.to_numpy(), strict=True
        )
    ]
    columns = [Column("Origin"), Column("Test days"), *[Column(name, unit, numeric=True) for name in models]]
    caption = f"Test RMSE at each of n = {len(rows)} rolling origins: means over seeds; the least of each row is bold."
    return Table("rolling_origins", caption, columns, rows)


TABLE = TablePart(
    message="Make the tables of rolling origins",
    caption="Errors and training energy over several test parts, and the error on each of them.",
    inputs=("rolling", "origins", "panel"),
    files=("rolling", "rolling_origins"),
    make=lambda inputs: rolling_tables(inputs.frame("rolling"), inputs.frame("origins"), inputs.unit),
)
