"""A clock that does not obey: somebody locked it, so time and power do not depend on the setting.

Found if the applied clock, where it was read, differs in more than a tenth of the runs; else if the difference
between the lowest and the highest third of the settings is shown to be under 5 % in time and in power (two one-sided
tests: the whole 95 % interval of each lies within). Power of a clock that obeys falls by far more, also where time is
flat. Rows whose applied clock differs are left out anyway, so up to half of them only warn.
"""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from wattshed.clocks.contamination.detection import Detection
from wattshed.statistics.levels import LEVEL

MOST_DIFFERING = 0.1
MOST_DIFFERING_TO_USE = 0.5
LEAST_RESPONSE = 0.05
LEAST_RUNS = 3
# What may respond to the setting, in words, and its column.
COLUMNS = {"time changes": "time_s", "power": "power_w"}


def locked_clock(rows: pd.DataFrame) -> Detection:
    """rows: the warm runs of one sweep, not throttled."""
    known = rows[rows["applied"].notna()]
    if len(known):
        differing = float((known["applied"] != known["setting"]).mean())
        if differing > MOST_DIFFERING:
            often = sorted({int(one) for one in known["applied"]})
            applied = f"always {often[0]}" if len(often) == 1 else f"{often[0]} to {often[-1]}"
            words = f"{differing:.0%} of the runs did not get the setting that they asked for (applied: {applied})"
            return Detection("locked_clock", True, differing > MOST_DIFFERING_TO_USE, words)
    settings = np.sort(rows["setting"].unique())
    third = max(1, len(settings) // 3)
    low, high = (rows[rows["setting"].isin(part)] for part in (settings[:third], settings[-third:]))
    if len(settings) < 2 or min(len(low), len(high)) < LEAST_RUNS:
        words = f"whether the clock obeyed cannot be judged from {len(rows)} runs at {len(settings)} settings"
        return Detection("locked_clock", False, False, words)
    responses = {what: _response(low[column], high[column]) for what, column in COLUMNS.items()}
    text = " and ".join(f"{what} by {np.expm1(change):+.1%}" for what, (change, _) in responses.items())
    words = f"from the highest to the lowest third of the settings, {text}"
    limit = np.log1p(LEAST_RESPONSE)
    if all(abs(change) + half < limit for change, half in responses.values()):
        # A power limit above what the workload draws changes nothing, and that is its maximum, not a fault.
        severe = bool((rows["knob"] == "clock").all())
        return Detection("locked_clock", True, severe, f"the setting changes nothing: {words}")
    seen = any(abs(change) > half for change, half in responses.values())
    verdict = "the setting has an effect" if seen else "whether the setting has an effect cannot be judged"
    return Detection("locked_clock", False, False, f"{verdict}: {words}")


def _response(low: pd.Series, high: pd.Series) -> tuple[float, float]:
    """Difference of the mean logarithms and half of its interval (Welch)."""
    first, second = (np.log(one.to_numpy(dtype=float)) for one in (low, high))
    parts = [one.var(ddof=1) / len(one) for one in (first, second)]
    total = sum(parts)
    change = float(first.mean() - second.mean())
    if total == 0:
        return change, 0.0
    freedom = total**2 / sum(
        part**2 / (len(one) - 1) for part, one in zip(parts, (first, second), strict=True)
    )
    return change, float(student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(total))
