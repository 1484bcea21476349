"""What a study's models cost, as tables and figures: one row per model and seed behind all of them."""

import pandas as pd
from matplotlib.figure import Figure

from wattshed.accounts.comparison.comparable import training_costs
from wattshed.accounts.comparison.fronts import COSTS, fronts_frame
from wattshed.accounts.comparison.leaders import low_carbon_leaders
from wattshed.accounts.comparison.normalised import normalised_metrics
from wattshed.accounts.comparison.overlay import epoch_curves
from wattshed.publish.figures.energy_box import energy_box_figure
from wattshed.publish.figures.fronts import fronts_figure
from wattshed.publish.figures.overlay import overlay_figure
from wattshed.publish.figures.split import split_figure
from wattshed.publish.tables.fronts import fronts_table
from wattshed.publish.tables.leaders import leaders_table
from wattshed.publish.tables.normalised import normalised_tables
from wattshed.publish.typesetting.table import Table

FIGURES = ("split", "energies", "overlay", "fronts")
TABLES = ("pareto_energy", "pareto_carbon", "leaders", "normalised_errors", "normalised_rest")
WHOLE_STUDY = "all"


def model_figures(
    runs: pd.DataFrame, windows: pd.DataFrame, scores: pd.DataFrame, unit: str
) -> dict[str, Figure]:
    """The figures named in :data:`FIGURES`: component split per stage, energy per model, loss over energy, fronts.

    runs: with emissions; scores: ``scores.parquet``; unit: of the errors.
    """
    costs = training_costs(windows, runs)
    fronts = fronts_frame(costs, _errors(scores), "rmse")
    return {
        "split": split_figure(runs, "stage"),
        "energies": energy_box_figure(costs),
        "overlay": overlay_figure(epoch_curves(windows), f"Validation RMSE ({unit})"),
        "fronts": fronts_figure(fronts, unit, "rmse"),
    }


def model_tables(
    runs: pd.DataFrame,
    windows: pd.DataFrame,
    scores: pd.DataFrame,
    unit: str,
    limit_kg: float | None,
) -> dict[str, Table]:
    """The tables named in :data:`TABLES`: Pareto fronts, low-carbon leaders, normalised metrics.

    limit_kg: under which a model may lead; None takes the median of the models' mean masses, or of their energies
    where no mass is known.
    """
    costs = training_costs(windows, runs)
    errors = _errors(scores)
    fronts = fronts_frame(costs, errors, "rmse")
    limit_kwh = None
    if limit_kg is None:
        limit_kg, limit_kwh = _median_limits(costs)
    leaders = low_carbon_leaders(costs, errors, limit_kg=limit_kg, limit_kwh=limit_kwh, metric="rmse")
    normalised = normalised_tables(normalised_metrics(costs, errors, windows), unit)
    return {
        **{f"pareto_{kind}": fronts_table(fronts, WHOLE_STUDY, unit, "rmse", kind) for kind in COSTS},
        "leaders": leaders_table(leaders, unit, places=4),
        **dict(zip(("normalised_errors", "normalised_rest"), normalised, strict=True)),
    }


def _errors(scores: pd.DataFrame) -> pd.DataFrame:
    """Errors over all test cells, one row per model and seed; a model without a seed in the ledger has none here."""
    return scores.loc[scores["scope"] == "all", ["model", "seed", "mae", "rmse", "r2"]]


def _median_limits(costs: pd.DataFrame) -> tuple[float | None, float | None]:
    """Median mass [kg] of the models, else their median energy [kWh]."""
    means = costs.groupby("model")[["co2e_kg", "energy_kwh"]].mean()
    kg, kwh = (means[column][means[column] > 0].dropna() for column in ("co2e_kg", "energy_kwh"))
    if len(kg):
        return float(kg.median()), None
    return None, float(kwh.median()) if len(kwh) else 1.0
