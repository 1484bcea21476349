"""Means and intervals of positive quantities (energies, times, masses, errors, ratios) on the logarithmic scale."""

import math
from collections.abc import Iterable

from wattshed.statistics.intervals import Interval
from wattshed.statistics.levels import LEVEL

GEOMETRIC_NOTE = "means of energies are geometric, with Student's 95 % t interval of the logarithms"


def geometric_interval(values: Iterable[float | None]) -> Interval:
    """Geometric mean with Student's 95 % t interval of the logarithms; the bounds are positive.

    Nulls are left out and not counted; no bounds for n = 1; nothing at all where a value is zero, negative or infinite,
    which has no logarithm to average.
    """
    # Imported here so that metering loads neither NumPy nor SciPy.
    import numpy as np
    from scipy.special import stdtrit

    known = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    known = known[~np.isnan(known)]
    n = len(known)
    if n == 0 or not ((known > 0) & np.isfinite(known)).all():
        return Interval(None, None, None, 0)
    logarithms = np.log(known)
    mean = float(logarithms.mean())
    if n == 1:
        return Interval(float(known[0]), None, None, 1)
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * float(logarithms.std(ddof=1)) / math.sqrt(n)
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), n)


def change_interval(shares: Iterable[float | None]) -> Interval:
    """Mean relative change with its 95 % interval, from the logarithms of the ratios ``1 + share``: above -1."""
    ratio = geometric_interval(None if share is None else 1 + share for share in shares)
    low, high = (None if end is None else end - 1 for end in (ratio.low, ratio.high))
    return Interval(None if ratio.mean is None else ratio.mean - 1, low, high, ratio.n)
