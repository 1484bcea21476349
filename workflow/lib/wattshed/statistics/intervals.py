"""Arithmetic mean and 95 % confidence interval over repeats or seeds, always with n."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from wattshed.statistics.levels import LEVEL

METHOD_NOTE = (
    "95 % intervals: Student's t of the logarithms around geometric means; for R² and differences, which can be "
    "negative, Student's t around arithmetic means"
)


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval; for n = 1 the bounds are None, for n = 0 all three are."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


def mean_interval(values: Iterable[float | None]) -> Interval:
    """Arithmetic mean with Student's 95 % t interval, for quantities that can be negative; nulls are not counted.

    Positive quantities, such as energies, times and errors, take :func:`geometric_interval`: their t interval on the
    plain scale covers the truth too rarely and can have a negative end.
    """
    # Imported here so that metering does not load NumPy.
    import numpy as np

    known = [value for value in values if isinstance(value, int | float | np.number)]
    sample = np.asarray(known, dtype=np.float64)
    sample = sample[~np.isnan(sample)]
    n = len(sample)
    if n == 0:
        return Interval(None, None, None, 0)
    mean = float(sample.mean())
    if n == 1:
        return Interval(mean, None, None, 1)
    # scipy.special, as loading scipy.stats takes longer than making a table.
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * float(sample.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)
