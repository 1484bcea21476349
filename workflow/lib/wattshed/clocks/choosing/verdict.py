"""Why a setting is used, or the maximum is kept: one sentence for every way."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from wattshed.clocks.choosing.answer import Limits, Verdict
from wattshed.clocks.choosing.estimates import Estimates
from wattshed.clocks.choosing.limits import Feasible, band
from wattshed.clocks.contamination.usable import LEAST_REPEATS
from wattshed.clocks.runs import KNOBS
from wattshed.foundation.vocabulary import Worth

IMPLAUSIBLE_SAVING = 0.25
# The alarm above was calibrated up to this limit: real boards save 9 % (median) to 22 % (90th percentile).
CALIBRATED_SLOWDOWN = 0.05
DOUBTFUL_SPEEDUP = 0.05


@dataclass(frozen=True)
class Ruling:
    """status and outcome of a choice, and the reason in words."""

    status: Verdict
    outcome: Worth
    reason: str


def without_candidate(estimates: Estimates, kept: Feasible, limits: Limits, title: str, unit: str) -> Ruling:
    """Why no lower setting may be chosen: the first limit that none of them keeps."""
    lower = np.arange(len(estimates.settings) - 1)
    fitting = kept.point[lower]
    share = f"{limits.max_slowdown_share:.1%} slowdown" + (
        " against the fastest setting" if limits.relative_to == "fastest" else ""
    )
    within = kept.within[0, lower]
    possible = Worth.UNDECIDED if fitting.any() else Worth.NOT_WORTH_IT
    if not within.any():
        few = fitting & ~kept.repeated[lower]
        if few.any() and not (fitting & kept.repeated[lower]).any():
            return Ruling(
                "keep",
                Worth.UNDECIDED,
                f"every setting within {share} has fewer than {LEAST_REPEATS} valid repeats: measure them again",
            )
        return Ruling(
            "keep",
            possible,
            f"no lower {_noun(unit)} is shown to stay within {share} ({_shown(estimates)})",
        )
    banded = within & kept.in_band[lower]
    if not banded.any():
        low, high = band(limits)
        nearest = int(estimates.settings[lower][within].max())
        return Ruling(
            "keep",
            Worth.NOT_WORTH_IT,
            f"no setting within {share} lies in the band of {low:.0%} to {high:.0%} of the maximum "
            f"(the highest is {nearest} {unit})",
        )
    if limits.must_be_stable and not (banded & kept.stable[lower]).any():
        example = int(estimates.settings[lower][banded].max())
        return Ruling(
            "keep",
            Worth.UNDECIDED,
            f"no setting within the limits is stable: one step beside each the slowdown passes {share} "
            f"(also beside {example} {unit})",
        )
    return Ruling("keep", Worth.NOT_WORTH_IT, f"no setting within the limits fits the rule: {title}")


def of_candidate(
    numbers: dict[str, Any], is_best: bool, estimates: Estimates, limits: Limits, title: str, unit: str
) -> Ruling:
    """The ruling on the best lower setting. is_best: whether the rule prefers it to the maximum."""
    doubt = _doubt(numbers, float(estimates.slowdown[0].min()), limits, unit)
    if doubt is not None:
        return Ruling("doubtful", Worth.UNDECIDED, doubt)
    interval = f"its 95 % interval {numbers['saving_low']:.1%} to {numbers['saving_high']:.1%}"
    setting = f"{numbers['candidate']} {unit}"
    if numbers["saving_high"] < 0:
        return Ruling(
            "keep",
            Worth.NOT_WORTH_IT,
            f"even the best lower {_noun(unit)} within the limits costs energy: the saving at {setting} is "
            f"{numbers['saving_share']:.1%}, {interval}",
        )
    if numbers["saving_low"] <= 0:
        outcome = Worth.UNDECIDED if numbers["saving_high"] > 0 else Worth.NOT_WORTH_IT
        return Ruling("keep", outcome, f"the saving at {setting} may be nothing: {interval} includes 0")
    if not is_best:
        return Ruling("keep", Worth.NOT_WORTH_IT, f"by its rule ({title}) the maximum itself is best")
    least = limits.least_saving_share
    if least is not None and numbers["saving_low"] < least:
        outcome = Worth.UNDECIDED if numbers["saving_high"] >= least else Worth.NOT_WORTH_IT
        return Ruling(
            "keep",
            outcome,
            f"a saving of at least {least:.0%} is asked for, and that at {setting} is {numbers['saving_share']:.1%}, "
            f"{interval}",
        )
    return Ruling(
        "use",
        Worth.WORTH_IT,
        f"{title} among the {_noun(unit)}s within {limits.max_slowdown_share:.1%} slowdown of the "
        + ("fastest one" if limits.relative_to == "fastest" else "largest one, measured warm")
        + (", a limit that it keeps with 95 % certainty" if estimates.estimator == "law" else ""),
    )


def _shown(estimates: Estimates) -> str:
    return "the whole 95 % interval" if estimates.estimator == "median" else "with 95 % certainty"


def _doubt(numbers: dict[str, Any], fastest_slowdown: float, limits: Limits, unit: str) -> str | None:
    if fastest_slowdown < -DOUBTFUL_SPEEDUP:
        return (
            f"doubtful: a lower {_noun(unit)} is {-fastest_slowdown:.1%} faster than the maximum, which no "
            f"{_noun(unit)} explains; measure again, interleaved and warm"
        )
    if limits.max_slowdown_share <= CALIBRATED_SLOWDOWN and numbers["saving_share"] > IMPLAUSIBLE_SAVING:
        return (
            f"doubtful: a saving of {numbers['saving_share']:.1%} is over {IMPLAUSIBLE_SAVING:.0%}, more "
            f"than real GPUs save within {limits.max_slowdown_share:.1%} slowdown; check the baseline"
        )
    return None


def _noun(unit: str) -> str:
    """In sentences: what is set in this unit."""
    return next(knob.noun for knob in KNOBS.values() if knob.unit == unit)
