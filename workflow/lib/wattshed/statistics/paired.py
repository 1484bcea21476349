"""The regression guard's test: has an energy risen? A paired test on log ratios."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, stdtr, stdtrit

from wattshed.statistics.levels import LEVEL

LEAST_PAIRS = 4
# A liberal level for "runs differ", because pooling runs that differ causes false alarms.
POOLING_LEVEL = 0.1


@dataclass(frozen=True)
class Change:
    """Mean log ratio with its 95 % interval and the one-sided p-value of "it has not risen".

    unit: what was counted. ``pairs``; or ``seeds`` if the runs differ by more than their epochs explain, as on a busier
    or warmer machine. n_units: how many.
    """

    log_ratio: float
    low: float
    high: float
    p_value: float
    unit: str
    n_units: int


def rise_of(
    log_ratios: np.ndarray, seeds: np.ndarray, tolerated: float = 0.0, run_spread: float = 0.0
) -> Change:
    """Student's t test over pairs, or over the seeds' means if the pairs of a seed are not independent.

    log_ratios: float [n], log(current / baseline) per pair, n >= 2. seeds: [n], the run a pair comes from. tolerated:
    the p-value is that of a mean of at most this. run_spread: standard deviation of the logarithm of whole runs of the
    same work; it counts where all pairs are of one run a side, which cannot show how runs differ.
    """
    names, group = np.unique(seeds, return_inverse=True)
    counts = np.bincount(group)
    means = np.bincount(group, weights=log_ratios) / counts
    if len(names) > 1 and _runs_differ(log_ratios, means, counts, group):
        return _t_test(means, "seeds", tolerated)
    return _t_test(log_ratios, "pairs", tolerated, run_spread if len(names) == 1 else 0.0)


def _runs_differ(log_ratios: np.ndarray, means: np.ndarray, counts: np.ndarray, group: np.ndarray) -> bool:
    """F test of the spread between runs against the spread within them."""
    n, runs = len(log_ratios), len(means)
    if n == runs:
        return False  # one pair per run
    within = ((log_ratios - means[group]) ** 2).sum() / (n - runs)
    between = (counts * (means - log_ratios.mean()) ** 2).sum() / (runs - 1)
    return bool(
        within == 0 < between or (within > 0 and fdtrc(runs - 1, n - runs, between / within) < POOLING_LEVEL)
    )


def _t_test(values: np.ndarray, unit: str, tolerated: float, run_spread: float = 0.0) -> Change:
    n = len(values)
    mean = float(values.mean())
    # Both sides' runs differ by themselves.
    error = math.sqrt(float(values.var(ddof=1)) / n + 2 * run_spread**2)
    if error == 0:
        # All values are identical, so that any change is certain.
        return Change(mean, mean, mean, 0.0 if mean > tolerated else 1.0, unit, n)
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    return Change(mean, mean - half, mean + half, float(stdtr(n - 1, (tolerated - mean) / error)), unit, n)


def holm(p_values: list[float], alpha: float) -> list[bool]:
    """Which hypotheses of a family are rejected with a family-wise error of at most ``alpha`` (Holm 1979)."""
    rejected = [False] * len(p_values)
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] > alpha / (len(p_values) - place):
            break
        rejected[index] = True
    return rejected
