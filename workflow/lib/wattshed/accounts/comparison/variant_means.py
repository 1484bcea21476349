"""Effect of each compressed variant and whether it is worth it: means and one verdict over seeds."""

import pandas as pd

from wattshed.energy.reading import worst_status
from wattshed.statistics.summaries import summarise_per_parent

METRICS = [
    "rmse",
    "mae",
    "rmse_change_share",
    "mae_change_share",
    "parameters",
    "bytes",
    "latency_s_per_window",
    "energy_j_per_1000_forecasts",
]
BASELINE = "baseline"
WORTH = "worth it here"
UNAVAILABLE = "not available here"


def variant_means(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per variant: n seeds, mean, low, high of every number, verdict and reason over all seeds.

    rows: ``compression.parquet``. One row per parent and variant if several checkpoints were compressed.
    A variant is worth it only if it is so for every seed; the reason is that of the first seed that decides.
    """
    frame, groups = summarise_per_parent(rows, "variant", METRICS)
    frame["verdict"], frame["reason"] = zip(*(_verdict(group) for group in groups), strict=True)
    frame["fine_tuned"] = pd.array([_any(group["fine_tuned"]) for group in groups], dtype="boolean")
    frame["energy_status"] = [worst_status(group["energy_status"]) for group in groups]
    return frame


def _any(values: pd.Series) -> bool:
    return bool(values.fillna(False).any())


def _verdict(group: pd.DataFrame) -> tuple[str, str]:
    against = group[group["verdict"] != WORTH]
    deciding = group.iloc[0] if against.empty else against.iloc[0]
    reason = str(deciding["reason"])
    if len(group) > 1 and deciding["verdict"] not in (BASELINE, UNAVAILABLE):
        reason += (
            f" (seed {deciding['seed']}; worth it for {len(group) - len(against)} of {len(group)} seeds)"
        )
    return str(deciding["verdict"]), reason
