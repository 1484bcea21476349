"""Tables: errors divided by their cost, with a warning about such ratios."""

import pandas as pd

from wattshed.accounts.comparison.accuracy_means import errors_by_seed
from wattshed.accounts.comparison.comparable import SLICES, scope_name
from wattshed.accounts.comparison.normalised import RATIO_NOTES, normalised_metrics
from wattshed.accounts.runs.basis import RECORDED
from wattshed.foundation.vocabulary import Status
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.model_costs import costs_of
from wattshed.publish.typesetting.status_marks import RETRO_NOTE, energy_mark
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    powers,
    powers_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE


def normalised_tables(normalised: pd.DataFrame, unit: str) -> list[Table]:
    """MAE per kWh and per kg; R² per kWh and joules per 1,000 forecasts: two tables, one row per model and slice.

    normalised: of :func:`normalised_metrics`; unit: of the MAE.
    """
    errors = [
        ("mae_per_kwh", Column("MAE per kWh", f"{unit}/kWh", numeric=True)),
        ("mae_per_kg", Column("MAE per kg", f"{unit}/kg CO₂e", numeric=True)),
    ]
    rest = [
        ("r2_per_kwh", Column("R² per kWh", "1/kWh", numeric=True)),
        ("j_per_forecast", Column("1,000 forecasts", "J", numeric=True)),
    ]
    return [_table("normalised-errors", normalised, errors), _table("normalised-rest", normalised, rest)]


def _table(name: str, normalised: pd.DataFrame, ratios: list[tuple[str, Column]]) -> Table:
    slices = [name for name in SLICES if name in normalised]
    columns = [*([Column("Slice")] if slices else []), Column("Model"), Column("n", "runs", numeric=True)]
    for _, column in ratios:
        columns += [column, Column(INTERVAL_TITLE, column.unit)]
    rows = []
    for _, row in normalised.iterrows():
        cells = [Cell(scope_name([row[slice_] for slice_ in slices]))] if slices else []
        cells += [Cell(str(row["model"])), Cell(str(row["runs"]))]
        for ratio, _ in ratios:
            status = row["forecast_status"] if ratio == "j_per_forecast" else row["energy_status"]
            factor = 1000 if ratio == "j_per_forecast" else 1
            mean, low, high = (factor * row[f"{ratio}_{part}"] for part in ("mean", "low", "high"))
            shown = (
                Cell(str(Status.NO_FIT))
                if status == Status.NO_FIT
                else powers(mean, mark=energy_mark(status))
            )
            cells += [shown, powers_interval(low, high)]
        rows.append(cells)
    titles = " and ".join(column.title for _, column in ratios)
    caption = f"{titles}: means over {count_text(normalised['runs'])} runs per row."
    notes = [*RATIO_NOTES, f"{METHOD_NOTE}; a dash where n = 1 or the value is unknown."]
    if any(ratio == "j_per_forecast" for ratio, _ in ratios):
        notes.append("One forecast is one node's whole horizon; its n is the number of measured windows.")
    if (normalised["basis"] != RECORDED).any():
        notes.append(RETRO_NOTE)
    return Table(name, caption, columns, rows, notes)


def _make(inputs: Inputs) -> dict[str, Table]:
    errors = errors_by_seed(inputs.frame("scores"))
    normalised = normalised_metrics(costs_of(inputs), errors, inputs.frame("windows"))
    tables = normalised_tables(normalised, inputs.unit)
    return dict(zip(("normalised_errors", "normalised_rest"), tables, strict=True))


TABLE = TablePart(
    message="Make the tables of errors divided by cost",
    caption="Errors per kWh and per kg, and energy per forecast.",
    inputs=("runs", "windows", "scores", "panel"),
    windows=("epoch", "fit"),
    files=("normalised_errors", "normalised_rest"),
    make=_make,
)
