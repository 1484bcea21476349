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


def saved_per_joule(summary: pd.DataFrame) -> pd.Series:
    """Fall of the prequential RMSE against the same seed's control, per joule of the updates that can act on it.

    One value per row. These are all updates but the last (``acting_kwh``): no month is forecast after it. The control
    is the same parent's strategy that never updates. Null without one, with fewer than two updates, and if an energy
    is unknown or 0.
    """
    keys = ["parent", "seed"]
    updates = summary.groupby(["parent", "strategy"])["updates"].transform("max")
    controls = summary[updates == 0].drop_duplicates(keys).set_index(keys)["prequential_rmse"]
    control = summary[keys].merge(
        controls.rename("control").reset_index(), on=keys, how="left", validate="many_to_one"
    )["control"]
    joules = JOULES_PER_KWH * summary["acting_kwh"].astype("float64")
    saved = control.to_numpy() - summary["prequential_rmse"]
    return (saved / joules.where(joules > 0)).where(updates > 0)
