"""Cold first runs: the first window of a sweep, or the first repeat of every setting, is slower than the others.

The published "91.6 % saved" had such a run for its baseline: loading a model took 373 s, computing 46 s.

Three tests, each against the scatter of the repeats themselves:

* the leading runs against other repeats of their settings: over 4 robust standard deviations slower (about one in
  30,000 normal runs is);
* the first repeats of all settings together: one-sided t-test over the settings, p < 0.0005;
* the first setting as a whole, where it is a high one: slower than the lower settings measured next, though no GPU
  computes faster at a lower clock (over 5 % and over 4 standard errors).

Runs that are less than 3 % slower are not reported: one of five repeats moves a median by less than 1 %.
"""

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from wattshed.clocks.contamination.detection import Detection
from wattshed.clocks.contamination.repeats import noise_sd, over_other_repeats

MOST_DEVIATIONS = 4.0
LEAST_SLOWNESS = 0.03
LEAST_SETTING_SLOWNESS = 0.05
P_VALUE = 0.0005
LEAST_SETTINGS = 5
NEXT_SETTINGS = 3
# A median's variance is pi/2 times that of a mean, asymptotically.
MEDIAN_VARIANCE = np.pi / 2
# A cold start is over after so large a part of a sweep, or it is drift.
LONGEST_SHARE = 0.2


def cold_first_run(rows: pd.DataFrame) -> Detection:
    """rows: the warm runs of one sweep in measured order."""
    leading, firsts = leading_runs(rows), slow_first_repeats(rows)
    setting_share = _slow_first_setting(rows)
    seen = []
    if len(leading):
        excess = over_other_repeats(rows, "time_s")["excess"][leading]
        seen.append(
            f"the first {_runs(len(leading))} up to {np.expm1(excess.max()):.0%} slower than other repeats"
        )
    if firsts is not None:
        seen.append(f"the first repeat of a setting is {firsts:.1%} slower than its later ones")
    if setting_share is not None:
        seen.append(f"the first setting is {setting_share:.0%} slower than the lower ones measured next")
    if not seen:
        return Detection("cold_first_run", False, False, "no cold first run was seen")
    return Detection("cold_first_run", True, setting_share is not None, f"cold start: {'; '.join(seen)}")


def leading_runs(rows: pd.DataFrame) -> pd.Index:
    """Index of the runs, from the first one on without a gap, that are slower than other repeats of their setting."""
    sd = noise_sd(rows, "time_s")
    if rows.empty or np.isnan(sd):
        return rows.index[:0]
    ordered = rows.sort_values("order")
    compared = over_other_repeats(ordered, "time_s")
    # The median of the others is itself known only by so many repeats.
    error = sd * np.sqrt(1 + MEDIAN_VARIANCE / compared["others"].clip(lower=1))
    least = np.maximum(np.log1p(LEAST_SLOWNESS), MOST_DEVIATIONS * error)
    warm = np.flatnonzero(~(compared["excess"] > least))
    count = int(warm[0]) if warm.size else len(ordered)
    if count > max(1, LONGEST_SHARE * len(ordered)):
        return rows.index[:0]
    return ordered.index[:count]


def slow_first_repeats(rows: pd.DataFrame) -> float | None:
    """By which share the first repeat of a setting is slower than its later ones, if it is in the whole sweep."""
    ordered = rows.sort_values("order")
    logs = pd.Series(np.log(ordered["time_s"].to_numpy(dtype=float)), ordered.index)
    place = ordered.groupby("setting").cumcount()
    first = logs[place == 0].groupby(ordered["setting"]).mean()
    later = logs[place > 0].groupby(ordered["setting"]).mean()
    excess = (first - later).dropna()
    if len(excess) < LEAST_SETTINGS or excess.mean() <= np.log1p(LEAST_SLOWNESS):
        return None
    if np.ptp(excess) > 0 and ttest_1samp(excess, 0, alternative="greater").pvalue >= P_VALUE:
        return None
    return float(np.expm1(excess.mean()))


def _slow_first_setting(rows: pd.DataFrame) -> float | None:
    by_setting = rows.groupby("setting")
    first_order = by_setting["order"].min().sort_values()
    if len(first_order) < NEXT_SETTINGS + 1:
        return None
    first, *others = first_order.index[: NEXT_SETTINGS + 1]
    lower = [one for one in others if one < first]
    if len(lower) < NEXT_SETTINGS:
        return None
    own, next_ones = (
        np.log(rows.loc[rows["setting"].isin(group), "time_s"].to_numpy(dtype=float))
        for group in ([first], lower)
    )
    excess = np.median(own) - np.median(next_ones)
    sd = noise_sd(rows, "time_s")
    error = 0.0 if np.isnan(sd) else sd * np.sqrt(1 / len(own) + 1 / len(next_ones))
    if excess <= max(np.log1p(LEAST_SETTING_SLOWNESS), MOST_DEVIATIONS * error):
        return None
    return float(np.expm1(excess))


def _runs(count: int) -> str:
    return "run is" if count == 1 else f"{count} runs are"
