"""Effect and cost of each adaptation strategy: means over seeds."""

import pandas as pd

from wattshed.adaptation.summary import ERRORS
from wattshed.energy.reading import worst_status
from wattshed.statistics.summaries import summarise_per_parent

METRICS = [*ERRORS, "updates", "kwh_per_update"]


def strategy_means(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per strategy: n seeds, mean, low, high of every metric, and the status of its energy.

    summary: ``adaptation.parquet``. One row per parent and strategy if several checkpoints were adapted.
    ``updated``: whether the strategy updates the network at all; one that does not has no energy.
    """
    frame, groups = summarise_per_parent(summary, "strategy", METRICS)
    frame["energy_status"] = [worst_status(group["energy_status"]) for group in groups]
    frame["updated"] = [bool(group["updates"].max() > 0) for group in groups]
    return frame
