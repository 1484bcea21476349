"""The ratio of two sets of energies, with its interval."""

import math
from collections.abc import Iterable

import numpy as np
from scipy.special import stdtrit

from wattshed.statistics.intervals import Interval
from wattshed.statistics.levels import LEVEL

RATIO_NOTE = "ratios are of geometric means, with Welch's 95 % t interval of the logarithms (Welch 1947)"


def ratio_interval(above: Iterable[float | None], below: Iterable[float | None]) -> Interval:
    """Geometric mean of ``above`` over that of ``below`` with its 95 % interval; ``n`` is of the smaller set.

    Both have the same unit. Runs of different models are independent, whatever their seeds: Welch's t interval of the
    difference of mean logarithms (Welch 1947, Biometrika 34), which does not assume equal variances. No bounds if
    either set has only one value; no ratio if a value is unknown or not above 0, as leaving it out would bias it.
    """
    sides = [
        np.array([np.nan if value is None else value for value in side], float) for side in (above, below)
    ]
    n = min(map(len, sides))
    if n == 0 or not all((side > 0).all() and np.isfinite(side).all() for side in sides):
        return Interval(None, None, None, 0)
    upper, lower = (np.log(side) for side in sides)
    log_ratio = float(upper.mean() - lower.mean())
    ratio = math.exp(log_ratio)
    if n == 1:
        return Interval(ratio, None, None, 1)
    variances = [float(side.var(ddof=1)) / len(side) for side in (upper, lower)]
    total = sum(variances)
    if total == 0:
        return Interval(ratio, ratio, ratio, n)
    terms = [part**2 / (len(side) - 1) for part, side in zip(variances, (upper, lower), strict=True)]
    half = float(stdtrit(total**2 / sum(terms), (1 + LEVEL) / 2)) * math.sqrt(total)
    return Interval(ratio, math.exp(log_ratio - half), math.exp(log_ratio + half), n)
