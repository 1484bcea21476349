"""Means and intervals of positive quantities (energies, times, ratios) on the logarithmic scale."""

import math
from collections.abc import Iterable

import numpy as np
from scipy.special import stdtrit

from wattshed.statistics.intervals import Interval
from wattshed.statistics.levels import LEVEL

GEOMETRIC_NOTE = "means of energies are geometric, with Student's 95 % t interval of the logarithms"


def geometric_interval(values: Iterable[float | None]) -> Interval:
    """Geometric mean with Student's 95 % t interval of the logarithms; the bounds are positive.

    Nulls are left out and not counted; no bounds for n = 1; nothing at all where a value is zero, negative or infinite,
    which has no logarithm to average.
    """
    known = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    known = known[~np.isnan(known)]
    n = len(known)
    if n == 0 or not ((known > 0) & np.isfinite(known)).all():
        return Interval(None, None, None, 0)
    logarithms = np.log(known)
    mean = float(logarithms.mean())
    if n == 1:
        return Interval(math.exp(mean), None, None, 1)
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * float(logarithms.std(ddof=1)) / math.sqrt(n)
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), n)
