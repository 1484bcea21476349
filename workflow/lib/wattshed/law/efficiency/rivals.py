"""The efficiency law beside its rivals: errors on left-out groups, and whether a difference is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.cross_validation import group_folds, held_out_times
from wattshed.law.efficiency.law import Law
from wattshed.law.efficiency.measures import efficiencies, mean_error_share, r2
from wattshed.law.efficiency.sizes import Numbers, Sizes, check_points

Verdict = Literal["better", "worse", "no clear difference"]


@dataclass(frozen=True)
class HeldOut:
    """A form's errors on left-out groups: of time (MAPE) and of the efficiency (R2), and the times [points]."""

    form: str
    error_share: float
    r2_efficiency: float
    time_s: Numbers


@dataclass(frozen=True)
class Comparison:
    """Errors of the law minus those of a rival: mean and 95 % interval over resamples of groups, as shares of time."""

    rival: str
    difference_share: float
    low_share: float
    high_share: float

    @property
    def verdict(self) -> Verdict:
        """Of the law against the rival."""
        if self.high_share < 0:
            return "better"
        return "worse" if self.low_share > 0 else "no clear difference"


def hold_out(
    law: Law,
    sizes: Sizes,
    time_s: Numbers,
    groups: ArrayLike,
    peak_flop_per_s: float,
    what: str = "the points",
) -> HeldOut:
    """Fit a law without each fold of groups. peak_flop_per_s: only scales the efficiency, not the errors of time."""
    check_points(sizes, time_s, what, law.least_points)
    folds = group_folds(groups, what=what)
    times = held_out_times(
        lambda some, seconds: law.fitted(some, seconds, what), law.times_s, sizes, time_s, folds
    )
    measured = efficiencies(sizes.flops, time_s, peak_flop_per_s)
    return HeldOut(
        law.name,
        mean_error_share(times, time_s),
        r2(efficiencies(sizes.flops, times, peak_flop_per_s), measured),
        times,
    )


def compare(
    law: HeldOut, rival: HeldOut, time_s: Numbers, groups: ArrayLike, resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Difference of the absolute relative errors, point by point, over groups drawn with replacement."""
    gaps = np.abs(law.time_s / time_s - 1) - np.abs(rival.time_s / time_s - 1)
    _, belongs, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    sums = np.bincount(belongs.ravel(), weights=gaps)
    drawn = np.random.default_rng(seed).multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), size=resamples
    )
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, (0.025, 0.975))
    return Comparison(rival.form, float(gaps.mean()), float(low), float(high))


def sentence(cases: Mapping[str, Sequence[Comparison]], rival: str) -> str:
    """In how many cases the law beats a rival; cases: comparisons by case."""
    verdicts = {case: one.verdict for case, all_ in cases.items() for one in all_ if one.rival == rival}
    if not verdicts:
        raise Fault(f"the law was compared with {rival} in no case: expected at least one comparison")
    counts = {name: sum(one == name for one in verdicts.values()) for name in ("better", "worse")}
    open_ = len(verdicts) - sum(counts.values())
    beats = "beats" if counts["better"] > len(verdicts) / 2 else "does not beat"
    return (
        f"The efficiency law {beats} `{rival}` in most cases: of {len(verdicts)} it is better in {counts['better']}, "
        f"worse in {counts['worse']}, and without a clear difference in {open_}."
    )
