"""Is a cheaper way worth it? A saving and an error within its budget must be shown, by paired tests."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtr

from wattshed.foundation.vocabulary import Worth
from wattshed.statistics.decisions import BLOCK_DAYS, Spread
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.statistics.levels import LEVEL
from wattshed.statistics.paired import holm
from wattshed.statistics.summaries import ALIKE

# One-sided level of each claim: a two-sided 95 % interval that lies wholly on one side makes it.
CLAIM_LEVEL = (1 - LEVEL) / 2
LEAST_SAVING_SHARE = 0.05
WORTH_RULE = (
    f"worth it: a saving is shown (its whole 95 % interval over seeds lies above 0, and the mean is at least "
    f"{LEAST_SAVING_SHARE:.0%}), and no error rises by more than its budget (the whole interval over seeds and blocks "
    f"of {BLOCK_DAYS} days lies within), corrected for the number of variants (Holm 1979); not worth it: the whole "
    f"interval of an error's rise lies above the budget, or that of the saving below {LEAST_SAVING_SHARE:.0%}; "
    "else undecided"
)


@dataclass(frozen=True)
class Candidate:
    """What one variant costs and errs against the same seed's original.

    costs: new energy (or time) over the old, by seed, all above 0; errors: by name, logarithm of the new error over the
    old, with its spread over seeds and blocks of days; none if no error is known. excesses: by name, logarithm of what
    has a limit of its own over that limit, at most 0 where the limit is kept.
    """

    costs: Sequence[float]
    errors: Mapping[str, Spread]
    excesses: Mapping[str, Spread] = field(default_factory=dict)


def worth_of(candidates: Sequence[Candidate], budget_share: float) -> list[Worth]:
    """The verdict on every variant of one original; seeds are paired, and so are days.

    budget_share: largest accepted rise of any error. The saving is tested against 0 over seeds, and each error against
    its budget over seeds and blocks of days (a non-inferiority test), as each excess is against 0; all must be shown,
    so that the largest p-value counts. One seed shows nothing, nor does an unknown error.
    """
    budget = math.log1p(budget_share)
    p_values = [
        max(p_below(one.costs, 0.0), p_within(one, budget)) if one.errors else 1.0 for one in candidates
    ]
    shown = holm(p_values, CLAIM_LEVEL)
    return [
        Worth.NOT_WORTH_IT
        if _refused(one, budget)
        else Worth.WORTH_IT
        if worth and _mean(one.costs) <= math.log1p(-LEAST_SAVING_SHARE)
        else Worth.UNDECIDED
        for one, worth in zip(candidates, shown, strict=True)
    ]


def p_within(one: Candidate, budget: float) -> float:
    """One-sided p-value of "an error exceeds its budget, or an excess 0": the largest of all; 0 without any.

    budget: logarithm of the largest accepted ratio of any error.
    """
    errors = (float(error.p_below(budget)) for error in one.errors.values())
    return max((*errors, *(float(excess.p_below(0.0)) for excess in one.excesses.values())), default=0.0)


def shown_above(one: Candidate, budget: float) -> bool:
    """Whether an error is shown to exceed its budget, or an excess to be above 0, each by its own 95 % interval."""
    p_values = [float(error.p_above(budget)) for error in one.errors.values()]
    p_values += [float(excess.p_above(0.0)) for excess in one.excesses.values()]
    return min(p_values, default=1.0) <= CLAIM_LEVEL


def _refused(one: Candidate, budget: float) -> bool:
    """Whether too large an error, or too small a saving, is shown."""
    saving = math.log1p(-LEAST_SAVING_SHARE)
    over = len(one.costs) > 1 and shown_above(one, budget)
    return over or p_above(one.costs, saving) <= CLAIM_LEVEL


def p_below(ratios: Sequence[float], bound: float) -> float:
    """One-sided p-value of "the mean logarithm is at least ``bound``" (Student's t).

    1 for one value, for an unknown one, and where all seeds have the same change because nothing in the model is
    random: such seeds are one run and say nothing of chance. Where no seed has any change, there is nothing to doubt.
    """
    logs = np.log(np.asarray(ratios, dtype=np.float64))
    n = len(logs)
    if n < 2 or not np.isfinite(logs).all():
        return 1.0
    distance = float(logs.mean()) - bound
    if float(np.ptp(logs)) < ALIKE:
        return float(distance >= 0) if float(np.abs(logs).max()) < ALIKE else 1.0
    error = float(logs.std(ddof=1)) / math.sqrt(n)
    return float(stdtr(n - 1, distance / error))


def p_above(ratios: Sequence[float], bound: float) -> float:
    """One-sided p-value of "the mean logarithm is at most ``bound``"."""
    return p_below([1 / ratio if ratio > 0 else math.nan for ratio in ratios], -bound)


def saving_interval(costs: Sequence[float]) -> Interval:
    """Mean saving with its 95 % interval, from the logarithms of ratios of costs."""
    ratio = geometric_interval(costs)
    ends = (None if end is None else 1 - end for end in (ratio.mean, ratio.high, ratio.low))
    mean, low, high = ends
    return Interval(mean, low, high, ratio.n)


def _mean(ratios: Sequence[float]) -> float:
    return float(np.log(np.asarray(ratios, dtype=np.float64)).mean())
