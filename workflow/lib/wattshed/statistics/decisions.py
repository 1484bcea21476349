"""The one decision rule: is a model's error better, worse or not told apart? A paired test over seeds and days.

All functions take leading axes, so that a simulation of thousands of studies runs the rule itself.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from wattshed.foundation.vocabulary import Comparison
from wattshed.statistics.intervals import Interval
from wattshed.statistics.levels import LEVEL
from wattshed.statistics.paired import holm

# Errors of neighbouring days are correlated, as windows overlap and weather lasts: days count in blocks of so many.
# On the homes, differences of two models correlate by .1 (at most .3) from day to day and not beyond: with blocks of
# four days, false alarms stay below 5 % (docs/decisions_benchmarks.md).
BLOCK_DAYS = 4
DECISION_LEVEL = 1 - LEVEL
# Logarithm beyond which an error is 0, or has no ratio to one that is.
PERFECT = 50.0
PAIRED_NOTE = f"paired test of the logarithms of errors over seeds and blocks of {BLOCK_DAYS} days"
RULE_NOTE = f"{PAIRED_NOTE}, corrected for all comparisons (Holm 1979)"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Logarithm of an error, or of a ratio of two, with two independent sources of chance; arrays of one shape [...].

    seed_variance: of the mean over ``seeds`` runs, 0 for models without randomness, NaN if one run does not show it;
    day_variance: over ``blocks`` blocks of days, NaN if there is only one; day_freedom: its degrees of freedom, fewer
    than blocks less one where a few heavy blocks make most of the error (Satterthwaite 1946).
    """

    log: Floats
    seed_variance: Floats
    day_variance: Floats
    seeds: int
    blocks: int
    day_freedom: Floats

    def seed_bounds(self) -> tuple[Floats, Floats]:
        """95 % interval over seeds alone."""
        return self._bounds(self.seed_variance, self.seeds - 1)

    def day_bounds(self) -> tuple[Floats, Floats]:
        """95 % interval over blocks of days alone."""
        return self._bounds(self.day_variance, self.day_freedom)

    def bounds(self) -> tuple[Floats, Floats]:
        """95 % interval of both together: never narrower than that of the larger variance."""
        return self._bounds(*self._both())

    def change(self) -> Interval:
        """The relative change that a single logarithm of a ratio means, with the interval of :meth:`bounds`.

        No bounds where the days are too few, or where one of the two forecasts was perfect in some seed.
        """
        log, low, high = (float(one) for one in (self.log, *self.bounds()))
        if abs(log) > PERFECT:
            return Interval(-1.0 if log < 0 else None, None, None, self.seeds)
        if not -PERFECT < low <= high < PERFECT:
            return Interval(math.expm1(log), None, None, self.seeds)
        return Interval(math.expm1(log), math.expm1(low), math.expm1(high), self.seeds)

    def p_values(self) -> Floats:
        """Two-sided p-values of "the logarithm is 0"; 1 where the days are too few to tell."""
        variance, freedom = self._both()
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(self.log) / np.sqrt(variance)
        p = 2 * stdtr(freedom, -np.where(np.isnan(t), 0.0, t))
        return np.where(np.isnan(variance), 1.0, np.where(variance == 0, self.log == 0, p)).astype(float)

    def p_below(self, bound: float) -> Floats:
        """One-sided p-values of "the logarithm is at least ``bound``"; 1 where the days are too few to tell."""
        variance, freedom = self._both()
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (self.log - bound) / np.sqrt(variance)
        p = stdtr(freedom, np.where(np.isnan(t), 0.0, t))
        return np.where(np.isnan(variance), 1.0, np.where(variance == 0, self.log >= bound, p)).astype(float)

    def p_above(self, bound: float) -> Floats:
        """One-sided p-values of "the logarithm is at most ``bound``"."""
        return replace(self, log=-self.log).p_below(-bound)

    def _both(self) -> tuple[Floats, Floats]:
        """Sum of the variances and its degrees of freedom (Satterthwaite 1946)."""
        seed = np.nan_to_num(self.seed_variance, nan=0.0)
        total = seed + self.day_variance
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = total**2 / (seed**2 / max(1, self.seeds - 1) + self.day_variance**2 / self.day_freedom)
        return total, np.where(np.isnan(freedom), 1.0, freedom)

    def _bounds(self, variance: Floats, freedom: Floats | int) -> tuple[Floats, Floats]:
        half = stdtrit(np.maximum(freedom, 1), (1 + LEVEL) / 2) * np.sqrt(variance)
        return self.log - half, self.log + half


def day_blocks(days: NDArray[np.int64], block_days: int = BLOCK_DAYS) -> NDArray[np.int64]:
    """Block of each day [D], counted from 0 without holes; days: ordinal numbers of calendar days [D], ascending.

    A gap of half a block or more begins a new stretch, whose blocks are counted from its first day. A stretch's last
    block of less than half its days joins the one before it.
    """
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - block_days) > block_days // 2)
    blocks = np.zeros(len(days), dtype=np.int64)
    count = 0
    for start, stop in zip(starts, [*starts[1:], len(days)], strict=True):
        block = (days[start:stop] - days[start]) // block_days
        if block[-1] > 0 and 2 * int((block == block[-1]).sum()) < block_days:
            block[block == block[-1]] -= 1
        own = np.unique(block, return_inverse=True)[1]
        blocks[start:stop] = count + own
        count += int(own[-1]) + 1
    return blocks


def error_spread(sums: Floats, cells: Floats, blocks: NDArray[np.int64], power: float = 0.5) -> Spread:
    """Logarithm of one model's error, averaged over seeds.

    sums: squared (or absolute) errors by seed and day [..., S, D]; cells: observed cells by day [D]; blocks: of
    :func:`day_blocks` [D]; power: 0.5 for RMSE from squares, 1 for MAE from absolute errors. The error of a seed is
    that of all its cells together. Its variance over blocks is the jackknife's: each block is left out once (Efron and
    Stein 1981), so that a few heavy days do not make the interval too narrow.
    """
    logs, left = _logs(sums, blocks, power)
    observed, rest = _logs(cells, blocks, power)
    return _spread(logs - observed, left - rest, sums.shape[-2], _day_freedom(sums, blocks))


def ratio_spread(above: Floats, below: Floats, blocks: NDArray[np.int64], power: float = 0.5) -> Spread:
    """Logarithm of one model's error over another's, on the same cells, seed by seed and day by day.

    above, below: sums of squared (or absolute) errors [..., S, D] with the same seeds in the same order; one of a
    model without randomness has S = 1 and counts as that value for every seed.
    """
    (upper, upper_left), (lower, lower_left) = (_logs(sums, blocks, power) for sums in (above, below))
    freedom = np.minimum(_day_freedom(above, blocks), _day_freedom(below, blocks))
    return _spread(upper - lower, upper_left - lower_left, max(above.shape[-2], below.shape[-2]), freedom)


def unpaired_spread(above: Floats, below: Floats, blocks: NDArray[np.int64], power: float = 0.5) -> Spread:
    """As :func:`ratio_spread`, for models whose seeds differ: days are paired, seeds are not."""
    sides = [_logs(sums, blocks, power) for sums in (above, below)]
    means = [(logs.mean(axis=-1, keepdims=True), left.mean(axis=-2, keepdims=True)) for logs, left in sides]
    freedom = np.minimum(_day_freedom(above, blocks), _day_freedom(below, blocks))
    found = _spread(means[0][0] - means[1][0], means[0][1] - means[1][1], 1, freedom)
    seed_variance = sum(np.nan_to_num(_variance_of_mean(logs)) for logs, _ in sides)
    fewest = max(2, min(above.shape[-2], below.shape[-2]))
    return replace(found, seed_variance=np.asarray(seed_variance), seeds=fewest)


def outcomes(
    logs: list[float], p_values: list[float], family: int | None = None, level: float = DECISION_LEVEL
) -> list[Comparison]:
    """Better, not told apart or worse, for each comparison of a family with the same model.

    logs: logarithm of each model's error over that of the model they are compared with; p_values: of the paired test.
    family: how many comparisons there were to choose from, if more than these. The chance that any of them is told
    apart falsely is at most ``level`` (Holm 1979).
    """
    further = max(0, (family or 0) - len(p_values))
    rejected = holm([*p_values, *([1.0] * further)], level)[: len(p_values)]
    return [
        Comparison.NOT_TOLD_APART if not told else Comparison.BETTER if log < 0 else Comparison.WORSE
        for log, told in zip(logs, rejected, strict=True)
    ]


def _logs(sums: Floats, blocks: NDArray[np.int64], power: float) -> tuple[Floats, Floats]:
    """Logarithms of sums [..., D] over all days [...], and over all days but those of each block [..., J].

    A perfect forecast's 0 has no logarithm and becomes the least number above it.
    """
    count = int(blocks.max()) + 1
    others = (blocks[:, None] != np.arange(count)[None, :]).astype(np.float64)
    tiny = np.finfo(np.float64).tiny
    total, left = np.asarray(sums.sum(axis=-1)), np.asarray(sums @ others)
    return power * np.log(np.maximum(total, tiny)), power * np.log(np.maximum(left, tiny))


def _day_freedom(sums: Floats, blocks: NDArray[np.int64]) -> Floats:
    """Effective number of blocks less one: each counts by its share of the error, which its influence grows with."""
    inside = (blocks[:, None] == np.arange(int(blocks.max()) + 1)[None, :]).astype(np.float64)
    squares = np.square(sums.mean(axis=-2) @ inside)
    with np.errstate(divide="ignore", invalid="ignore"):
        number = np.square(squares.sum(axis=-1)) / np.square(squares).sum(axis=-1)
    return np.maximum(1.0, np.nan_to_num(number, nan=2.0) - 1)


def _spread(logs: Floats, left: Floats, seeds: int, day_freedom: Floats) -> Spread:
    """logs: by seed [..., S]; left: the same with each block left out [..., S, J]."""
    count = left.shape[-1]
    mean = logs.mean(axis=-1)
    if count == 1:
        day_variance = np.full(mean.shape, np.nan)
    else:
        without = left.mean(axis=-2)
        moved = without - without.mean(axis=-1, keepdims=True)
        day_variance = np.square(moved).sum(axis=-1) * (count - 1) / count
    return Spread(mean, _variance_of_mean(logs), np.asarray(day_variance), seeds, count, day_freedom)


def _variance_of_mean(logs: Floats) -> Floats:
    """Over the last axis; NaN for one value."""
    n = logs.shape[-1]
    if n == 1:
        return np.full(logs.shape[:-1], np.nan)
    return np.asarray(logs.var(axis=-1, ddof=1) / n)
