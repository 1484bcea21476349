"""Coarse time stamps: all times are whole seconds, or multiples of another step, that is large beside the times.

Two stamps with a step q give a time with a standard deviation of 0.41 q from rounding alone. Below q = 1 % of the
time this is less than the noise of a quiet GPU. Over 5 % it moves the median of five repeats by up to 1 % and more,
and the sweep is refused.
"""

import numpy as np
import pandas as pd

from wattshed.clocks.contamination.detection import Detection

LEAST_STEP_SHARE = 0.01
MOST_STEP_SHARE = 0.05
# Times that are multiples of a step are so to this share of the typical time; floats and text keep more digits.
TOLERANCE = 1e-4
LEAST_RUNS = 6
LEAST_DISTINCT = 3


def whole_seconds(rows: pd.DataFrame) -> Detection:
    """rows: the runs of one sweep."""
    times_s = rows["time_s"].to_numpy(dtype=float)
    if len(times_s) < LEAST_RUNS:
        words = f"the step of the time stamps cannot be judged from {len(times_s)} runs"
        return Detection("whole_seconds", False, False, words)
    typical_s = float(np.median(times_s))
    step_s = common_step_s(times_s)
    share = step_s / typical_s
    if share < LEAST_STEP_SHARE:
        words = f"the time stamps are fine enough: a step, if there is one, is below {LEAST_STEP_SHARE:.0%} of a time"
        return Detection("whole_seconds", False, False, words)
    unit = "whole seconds" if np.isclose(step_s, 1) else f"multiples of {step_s:.3g} s"
    words = f"all {len(times_s)} times are {unit}, {share:.0%} of the typical {typical_s:.3g} s"
    return Detection("whole_seconds", True, share > MOST_STEP_SHARE, words)


def common_step_s(times_s: np.ndarray) -> float:
    """The largest step [s] that all times are multiples of; 0 if there is none.

    Times are equal to within ``TOLERANCE`` of their median. Fewer than three different times show only whole seconds.
    """
    tolerance_s = TOLERANCE * float(np.median(times_s))
    distinct = np.unique(times_s)
    distinct = distinct[np.append(True, np.diff(distinct) > tolerance_s)]
    if len(distinct) < LEAST_DISTINCT:
        return 1.0 if bool((np.abs(distinct - np.round(distinct)) <= tolerance_s).all()) else 0.0
    step_s = float(distinct[0])
    for time_s in distinct[1:]:
        step_s = _common(time_s, step_s, tolerance_s)
        if step_s <= tolerance_s:
            return 0.0
    return step_s


def _common(larger: float, smaller: float, tolerance: float) -> float:
    """Euclid's algorithm on numbers known to within a tolerance."""
    while smaller > tolerance:
        rest = larger % smaller
        larger, smaller = smaller, 0.0 if smaller - rest <= tolerance else rest
    return larger
