"""Cold first runs: the first window of a sweep, or the first repeat of every setting, is slower than the others.

The published "91.6 % saved" had such a run for its baseline: loading a model took 373 s, computing 46 s.

Three tests, each against the scatter of the repeats themselves:

* the leading runs against other repeats of their settings: over 4 robust standard deviations slower (one in
  about 1,500 clean simulated sweeps);
* the first repeats of all settings together: one-sided t-test over the settings, p < 0.0005;
* the first setting as a whole, where it is a high one: slower than the lower settings measured next, though no GPU
  computes faster at a lower clock (over 5 % and over 4 standard errors).

Runs that are less than 3 % slower are not reported: one of five repeats moves a median by less than 1 %.
"""

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from wattshed.clocks.contamination.detection import Detection
from wattshed.clocks.contamination.repeats import INTERLEAVED_SPAN, noise_sd, order_span

MOST_DEVIATIONS = 4.0
LEAST_SLOWNESS = 0.03
LEAST_SETTING_SLOWNESS = 0.05
P_VALUE = 0.0005
LEAST_SETTINGS = 5
NEXT_SETTINGS = 3
# A median's variance is pi/2 times that of a mean, asymptotically.
MEDIAN_VARIANCE = np.pi / 2
# Where a start lasts longer, the rest need not be warm either.
LONGEST_SHARE = 0.2


def cold_first_run(rows: pd.DataFrame) -> Detection:
    """rows: the warm runs of one sweep in measured order."""
    leading, excess = leading_excess(rows)
    firsts = slow_first_repeats(rows)
    setting_share = slow_first_setting(rows)
    seen = []
    if len(leading):
        slower = np.expm1(max(excess))
        seen.append(f"the first {_runs(len(leading))} up to {slower:.0%} slower than other repeats")
    if firsts is not None:
        seen.append(f"the first repeat of a setting is {firsts:.1%} slower than its later ones")
    if setting_share is not None:
        seen.append(f"the first setting is {setting_share:.0%} slower than the lower ones measured next")
    if not seen:
        return Detection("cold_first_run", False, False, "no cold first run was seen")
    # An ordered sweep's baseline is several settings without the first runs; an interleaved one's is this setting.
    severe = setting_share is not None and bool(order_span(rows)[_first_setting(rows)] >= INTERLEAVED_SPAN)
    severe |= len(leading) > LONGEST_SHARE * len(rows)
    return Detection("cold_first_run", True, severe, f"cold start: {'; '.join(seen)}")


def leading_excess(rows: pd.DataFrame) -> tuple[pd.Index, list[float]]:
    """The runs, from the first one on without a gap, that are slower than the median of the other repeats of their
    setting, and by how much (logarithm of the ratio)."""
    sd = noise_sd(rows, "time_s")
    places = np.argsort(rows["order"].to_numpy(), kind="stable")
    logs, settings = np.log(rows["time_s"].to_numpy(dtype=float)[places]), rows["setting"].to_numpy()[places]
    excess: list[float] = []
    # Without any repeats the scatter is NaN, which ends the loop at once.
    for place in range(len(rows)):
        others = logs[(settings == settings[place]) & (np.arange(len(rows)) != place)]
        if not len(others):
            break
        # The median of the others is itself known only by so many repeats.
        error = sd * np.sqrt(1 + MEDIAN_VARIANCE / len(others))
        slower = float(logs[place] - np.median(others))
        if not slower > max(np.log1p(LEAST_SLOWNESS), MOST_DEVIATIONS * error):
            break
        excess.append(slower)
    return rows.index[places[: len(excess)]], excess


def slow_first_repeats(rows: pd.DataFrame) -> float | None:
    """By which share the first repeat of a setting is slower than its later ones, if it is in the whole sweep."""
    settings = rows["setting"].to_numpy()
    places = np.lexsort((rows["order"].to_numpy(), settings))
    logs = np.log(rows["time_s"].to_numpy(dtype=float)[places])
    _, first, count = np.unique(settings[places], return_index=True, return_counts=True)
    first, count = first[count > 1], count[count > 1]
    if len(first) < LEAST_SETTINGS:
        return None
    later = np.array(
        [logs[start + 1 : start + size].mean() for start, size in zip(first, count, strict=True)]
    )
    excess = logs[first] - later
    if excess.mean() <= np.log1p(LEAST_SLOWNESS):
        return None
    if np.ptp(excess) > 0 and ttest_1samp(excess, 0, alternative="greater").pvalue >= P_VALUE:
        return None
    return float(np.expm1(excess.mean()))


def _first_setting(rows: pd.DataFrame) -> int:
    return int(rows.sort_values("order")["setting"].iloc[0])


def slow_first_setting(rows: pd.DataFrame) -> float | None:
    """By which share the first setting, if a high one, is slower than the lower ones that were measured next."""
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
