"""Forecast of the energy of a whole training from its first epochs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wattshed.statistics.levels import LEVEL


@dataclass(frozen=True)
class CostForecast:
    """Final energy [kWh] with a 95 % prediction interval; high_kwh is infinite if the spread is unknown."""

    kwh: float
    low_kwh: float
    high_kwh: float


def forecast_cost(epoch_kwh: Sequence[float], spent_kwh: float, epochs_left: int) -> CostForecast:
    """Spent so far plus the remaining epochs at the mean of those seen.

    The first epoch includes warm-up (allocators, kernels, caches): it is left out of the mean from the second
    epoch on, and of the spread from the third. The interval is that of a sum of future draws (Student's t); its lower
    end is at least the energy already spent. Raises ValueError if there is no epoch.
    """
    if not epoch_kwh:
        raise ValueError("no epoch was given: a forecast needs at least one")
    if epochs_left == 0:
        return CostForecast(spent_kwh, spent_kwh, spent_kwh)
    settled = list(epoch_kwh[1:]) or list(epoch_kwh)
    mean = sum(settled) / len(settled)
    kwh = spent_kwh + epochs_left * mean
    sample = settled if len(settled) > 1 else list(epoch_kwh)
    n = len(sample)
    if n == 1:
        return CostForecast(kwh, spent_kwh, math.inf)
    # Imported here so that only a job with a budget loads SciPy.
    from scipy.special import stdtrit

    centre = sum(sample) / n
    deviation = math.sqrt(sum((value - centre) ** 2 for value in sample) / (n - 1))
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2))
    half = reach * deviation * math.sqrt(epochs_left + epochs_left**2 / n)
    return CostForecast(kwh, max(spent_kwh, kwh - half), kwh + half)
