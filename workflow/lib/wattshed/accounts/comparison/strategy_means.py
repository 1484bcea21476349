"""Effect and cost of each adaptation strategy: means over seeds."""

import pandas as pd

from wattshed.adaptation.summary import COSTS, ERRORS
from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.statistics.summaries import summarise_per_parent

METRICS = [*ERRORS, "updates", *COSTS, "saved_rmse_per_j"]


def strategy_means(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per strategy: n seeds, mean, low, high of every metric, and the status of its energy.

    summary: ``adaptation.parquet``. One row per parent and strategy if several checkpoints were adapted.
    ``updated``: whether the strategy updates the network at all; one that does not has no energy.
    ``engine``: what computed its updates; null if no window says so.
    """
    given = summary.assign(saved_rmse_per_j=saved_per_joule(summary))
    frame, groups = summarise_per_parent(given, "strategy", METRICS)
    frame["energy_status"] = [worst_status(group["energy_status"]) for group in groups]
    frame["engine"] = [", ".join(sorted(group["engine"].dropna().unique())) or None for group in groups]
    frame["updated"] = [bool(group["updates"].max() > 0) for group in groups]
    return frame


def control_strategies(summary: pd.DataFrame) -> dict[str, str]:
    """Of each parent, its strategy without updates, the first one if there are several.

    summary: ``adaptation.parquet``. Parents without such a strategy are left out. A strategy that updates in one seed
    alone does not count.
    """
    updates = summary.groupby(["parent", "strategy"], sort=False)["updates"].max().reset_index()
    still = updates[updates["updates"] == 0].drop_duplicates("parent")
    return {str(parent): str(name) for parent, name in zip(still["parent"], still["strategy"], strict=True)}


def saved_per_joule(summary: pd.DataFrame) -> pd.Series:
    """Fall of the prequential RMSE against the same seed's control, per joule of the updates that can act on it.

    One value per row. These updates are those with a scored month after them (``acting_kwh``); the last month's is
    never one of them. The control is the same parent's strategy that never updates. Null without one, if no update
    acts, and if an energy is unknown or 0.
    """
    keys = ["parent", "seed"]
    updates = summary.groupby(["parent", "strategy"])["updates"].transform("max")
    still = summary["strategy"] == summary["parent"].map(control_strategies(summary))
    controls = summary.loc[still, [*keys, "prequential_rmse"]]
    control = summary[keys].merge(
        controls.rename(columns={"prequential_rmse": "control"}), on=keys, how="left", validate="many_to_one"
    )["control"]
    joules = JOULES_PER_KWH * summary["acting_kwh"].astype("float64")
    saved = control.to_numpy() - summary["prequential_rmse"]
    return (saved / joules.where(joules > 0)).where(updates > 0)
