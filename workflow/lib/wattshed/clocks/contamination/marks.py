"""Runs that stay in the table but do not decide: cold, throttled, hot, or not at the setting that was asked for."""

import numpy as np
import pandas as pd

from wattshed.clocks.contamination.cold_first_run import leading_excess, slow_first_repeats
from wattshed.clocks.contamination.repeats import noise_sd

MARKS = ("cold", "throttled", "hot", "not_applied")
# Sensors give whole degrees, and leakage over so few of them is below the noise of power.
LEAST_HOTTER_K = 3.0
# The usual limit of a modified z-score (Iglewicz and Hoaglin 1993).
MOST_HOT_DEVIATIONS = 3.5


def marks(frame: pd.DataFrame) -> pd.DataFrame:
    """One boolean column per mark, with the index of ``frame``; warm-up runs are not marked.

    cold: a slow run at the beginning, see :mod:`wattshed.clocks.contamination.cold_first_run`.
    hot: hotter than the median run at the same setting by over 3 K and over 3.5 robust standard deviations.
    """
    warm = frame["warm"].to_numpy(dtype=bool)
    marked = pd.DataFrame(False, frame.index, list(MARKS))
    marked["throttled"] = frame["throttled"].to_numpy(dtype=bool) & warm
    differs = frame["applied"].notna() & (frame["applied"] != frame["setting"]).fillna(False)
    marked["not_applied"] = differs.to_numpy(dtype=bool) & warm
    rows = frame[warm & ~marked["not_applied"] & ~marked["throttled"]]
    marked.loc[_hot(rows), "hot"] = True
    marked.loc[leading_excess(rows)[0], "cold"] = True
    if slow_first_repeats(rows) is not None:
        first = rows.sort_values("order").drop_duplicates("setting").index
        marked.loc[first, "cold"] = True
    return marked


def _hot(rows: pd.DataFrame) -> pd.Index:
    known = rows[rows["temperature_c"].notna()]
    if known.empty:
        return known.index
    hotter_k = known["temperature_c"] - known.groupby("setting")["temperature_c"].transform("median")
    sd = noise_sd(known, "temperature_c", logarithm=False)
    least_k = LEAST_HOTTER_K if np.isnan(sd) else max(LEAST_HOTTER_K, MOST_HOT_DEVIATIONS * sd)
    return known.index[hotter_k > least_k]
