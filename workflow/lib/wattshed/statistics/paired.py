"""The regression guard's test: has an energy risen? A paired test on log ratios."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from wattshed.statistics.levels import LEVEL

LEAST_PAIRS = 4
# With fewer runs, how whole runs differ cannot be seen.
LEAST_RUNS = 3


@dataclass(frozen=True)
class Change:
    """Mean log ratio with its 95 % interval and the one-sided p-value of "it has not risen".

    unit: what was counted: ``seeds``, one mean for each run, or ``pairs`` where there are too few runs. n_units:
    how many.
    """

    log_ratio: float
    low: float
    high: float
    p_value: float
    unit: str
    n_units: int


def change_of(
    log_ratios: np.ndarray, seeds: np.ndarray, tolerated: float = 0.0, run_spread: float = 0.0
) -> Change:
    """Student's t test over the means of runs; over pairs where there are fewer than :data:`LEAST_RUNS` runs.

    Pairs of one run are not independent: a machine may be slower for a whole run. log_ratios: float [n], log(current /
    baseline) per pair, n >= 2. seeds: [n], the run a pair comes from. tolerated: the p-value is that of a mean of at
    most this. run_spread: standard deviation of the logarithm of whole runs of the same work, for few runs.
    """
    names, group = np.unique(seeds, return_inverse=True)
    if len(names) < LEAST_RUNS:
        # Both sides' runs differ by themselves.
        return _t_test(log_ratios, "pairs", tolerated, 2 * run_spread**2 / len(names))
    return _t_test(np.bincount(group, weights=log_ratios) / np.bincount(group), "seeds", tolerated, 0.0)


def _t_test(values: np.ndarray, unit: str, tolerated: float, further_variance: float) -> Change:
    n = len(values)
    mean = float(values.mean())
    error = math.sqrt(float(values.var(ddof=1)) / n + further_variance)
    if error == 0:
        # All values are identical, so that any change is certain.
        return Change(mean, mean, mean, 0.0 if mean > tolerated else 1.0, unit, n)
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    return Change(mean, mean - half, mean + half, float(stdtr(n - 1, (tolerated - mean) / error)), unit, n)


def holm(p_values: list[float], alpha: float) -> list[bool]:
    """Which hypotheses of a family are rejected with a family-wise error of at most ``alpha`` (Holm 1979).

    An unknown p-value (NaN) counts as 1.
    """
    p_values = [1.0 if math.isnan(p) else p for p in p_values]
    rejected = [False] * len(p_values)
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] > alpha / (len(p_values) - place):
            break
        rejected[index] = True
    return rejected
