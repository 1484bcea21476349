"""Mean and 95 % confidence interval over repeats or seeds, always with n."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from wattshed.statistics.levels import LEVEL

RESAMPLES = 5000
BOOTSTRAP_FROM = 10
# From here on the mean is close enough to normal, and resampling would only cost time and memory.
BOOTSTRAP_BELOW = 200
METHOD_NOTE = (
    f"95 % intervals of the mean: bootstrap for {BOOTSTRAP_FROM} <= n < {BOOTSTRAP_BELOW}, else Student's t"
)


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval; for n = 1 the bounds are None, for n = 0 all three are."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


def mean_interval(values: Iterable[float | None], seed: int = 0) -> Interval:
    """95 % interval of the mean; nulls are left out and not counted. Seeded, so the same every time.

    From ten values on it is the bootstrap with expanded percentiles (Hesterberg 2015). Below that, and from 200 on,
    it is Student's t: a bootstrap of three values only returns their range, which covers the truth in about
    75 % of cases, not 95 %; one of many values returns the same as t.
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
    from scipy.special import ndtr, stdtrit

    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2))
    if not BOOTSTRAP_FROM <= n < BOOTSTRAP_BELOW:
        half = reach * float(sample.std(ddof=1)) / math.sqrt(n)
        return Interval(mean, mean - half, mean + half, n)
    tail = float(ndtr(-reach * math.sqrt(n / (n - 1))))
    random = np.random.default_rng(seed)
    means = sample[random.integers(n, size=(RESAMPLES, n))].mean(axis=1)
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(mean, float(low), float(high), n)
