"""Intervals of a law's coefficients and of its predictions, by resampling groups of sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.cross_validation import group_folds, held_out_times
from wattshed.law.efficiency.law import Law
from wattshed.law.efficiency.sizes import Numbers, Sizes, check_points

RESAMPLES = 100
LEVEL = 0.9
# Least share of resamples in which the law must be fittable.
FITTED = 0.8
# Of the errors on left-out groups, so many quantiles are kept.
QUANTILES = 41


@dataclass(frozen=True)
class LawIntervals:
    """Two-sided intervals at ``level``.

    coefficients: lower and upper ends by name, widened for few groups; refits: the coefficients of each resample;
    log_errors: quantiles of log(measured / predicted) on left-out groups.
    """

    law: Law
    level: float
    coefficients: Mapping[str, tuple[float, float]]
    refits: Sequence[Mapping[str, float]]
    log_errors: Numbers

    def times_s(self, sizes: Sizes) -> tuple[Numbers, Numbers]:
        """Lower and upper ends of the time of a call of each operation [s], for a new measurement.

        The coefficients' uncertainty and the errors on left-out groups are both in them; the latter hold a part of the
        former, so the intervals are slightly too wide.
        """
        drawn = np.stack([self.law.times_s(one, sizes) for one in self.refits])
        all_times = (drawn[:, None] * np.exp(self.log_errors)[:, None]).reshape(-1, len(sizes))
        tail = (1 - self.level) / 2
        low, high = np.quantile(all_times, (tail, 1 - tail), axis=0)
        return low, high


def law_intervals(
    law: Law,
    sizes: Sizes,
    time_s: Numbers,
    groups: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
    what: str = "the points",
) -> LawIntervals:
    """Refit a law to groups that are drawn with replacement. Fault for data that the law cannot be fitted to."""
    if not 0 < level < 1:
        raise Fault(f"{what}: the level of an interval is {level}: expected a number between 0 and 1")
    check_points(sizes, time_s, what, law.least_points)
    law = law.settled(sizes, time_s)
    labels = np.asarray(groups)
    folds = group_folds(labels, what=what)
    held_out = held_out_times(
        lambda some, seconds: law.fitted(some, seconds, what), law.times_s, sizes, time_s, folds
    )
    members = [np.flatnonzero(labels == name) for name in np.unique(labels)]
    random = np.random.default_rng(seed)
    refits = []
    for _ in range(resamples):
        drawn = np.concatenate([members[at] for at in random.integers(len(members), size=len(members))])
        try:
            refits.append(law.fitted(sizes.taken(drawn), time_s[drawn], what))
        except Fault:
            continue
    if len(refits) < FITTED * resamples:
        raise Fault(
            f"{what}: the law `{law.name}` could be fitted in {len(refits)} of {resamples} resamples only: measure "
            "more groups of sizes"
        )
    tail = (1 - level) / 2
    estimates = law.fitted(sizes, time_s, what)
    widened = _few_groups(len(members), tail)
    ends = {}
    for name in law.coefficients:
        low, high = np.quantile([one[name] for one in refits], (tail, 1 - tail))
        least = max(0.0, estimates[name] + widened * (low - estimates[name]))
        most = min(law.largest.get(name, np.inf), estimates[name] + widened * (high - estimates[name]))
        ends[name] = (float(least), float(most))
    log_errors = np.quantile(np.log(time_s / held_out), (np.arange(QUANTILES) + 0.5) / QUANTILES)
    return LawIntervals(law, level, ends, refits, log_errors)


def _few_groups(groups: int, tail: float) -> float:
    """How much wider than its quantiles a bootstrap's interval must be: resamples of few groups vary too little."""
    from scipy.special import ndtri, stdtrit

    return float(stdtrit(groups - 1, 1 - tail) / ndtri(1 - tail) * np.sqrt(groups / (groups - 1)))
