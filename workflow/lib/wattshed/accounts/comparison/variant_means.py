"""Effect of each compressed variant and whether it is worth it: means and one verdict over seeds."""

import numpy as np
import pandas as pd

from wattshed.compression.judge import (
    BASELINE,
    LATER_ERRORS,
    LEAST_SAVING_SHARE,
    NOT_AVAILABLE,
    TEST_ERRORS,
    WORTH_IT,
    rise_text,
    saving_text,
)
from wattshed.energy.reading import worst_status
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.summaries import summarise_per_parent

ENERGY = "energy_j_per_1000_forecasts"
METRICS = [
    "rmse",
    "mae",
    "rmse_change_share",
    "mae_change_share",
    "parameters",
    "bytes",
    "latency_s_per_window",
    ENERGY,
]


def variant_means(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per variant: n seeds, mean, low, high of every number, verdict and reason over all seeds.

    rows: ``compression.parquet``. One row per parent and variant if several checkpoints were compressed.
    A variant is worth it only if it is so for every seed; the reason gives means over seeds. Means of energies are
    geometric, as in the chains, and unknown where one seed's is.
    """
    frame, groups = summarise_per_parent(rows, "variant", METRICS)
    for place, group in enumerate(groups):
        energies = geometric_interval(group[ENERGY] if group[ENERGY].notna().all() else [])
        bounds = {"mean": energies.mean, "low": energies.low, "high": energies.high}
        for part, value in bounds.items():
            frame.loc[place, f"{ENERGY}_{part}"] = np.nan if value is None else value
    frame["verdict"], frame["reason"] = zip(*(_verdict(group) for group in groups), strict=True)
    frame["fine_tuned"] = pd.array([_any(group["fine_tuned"]) for group in groups], dtype="boolean")
    frame["energy_status"] = [worst_status(group["energy_status"]) for group in groups]
    return frame


def _any(values: pd.Series) -> bool:
    return bool(values.fillna(False).any())


def _verdict(group: pd.DataFrame) -> tuple[str, str]:
    """Of one variant, over its seeds."""
    against = group[group["verdict"] != WORTH_IT]
    deciding = group.iloc[0] if against.empty else against.iloc[0]
    verdict = str(deciding["verdict"])
    if len(group) == 1 or (group["verdict"].isin([BASELINE, NOT_AVAILABLE])).any():
        return verdict, str(deciding["reason"])
    n = f"mean over {len(group)} seeds"
    over = int((~group["within_budget"].fillna(False).astype(bool)).sum())
    if over:
        worst, rise = _worst(group)
        if worst is None:
            return verdict, str(deciding["reason"])
        budget = f"the budget of {deciding['budget_share']:.0%}"
        seeds = f"more than {budget} for {over} of {len(group)} seeds"
        return verdict, f"{rise_text(worst, rise)} ({n}), {seeds}"
    # The mean of ratios of energies is geometric, so that it is the ratio of the means in the table.
    saving = 1 - float(np.exp(np.log(1 - group["saving_share"].astype("float64")).mean()))
    saved = f"{saving_text(saving, str(deciding['saving_of']), str(deciding['back_ends']))} ({n})"
    if against.empty:
        return verdict, saved
    enough = len(group) - len(against)
    return (
        verdict,
        f"{saved}; at least {LEAST_SAVING_SHARE:.0%} less is required, {enough} of {len(group)} seeds save it",
    )


def _worst(group: pd.DataFrame) -> tuple[str | None, float]:
    """The judged error that rises most in the mean over seeds, and its rise."""
    judged = [*TEST_ERRORS, *(LATER_ERRORS if group["judged_later"].any() else ())]
    means = {error: group[f"{error}_change_share"].mean() for error in judged}
    known = {error: float(mean) for error, mean in means.items() if pd.notna(mean)}
    worst = max(known, key=lambda error: known[error], default=None)
    return (None, 0.0) if worst is None else (worst, known[worst])
