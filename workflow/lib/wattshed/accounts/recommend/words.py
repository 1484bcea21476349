"""A recommendation in plain sentences and as JSON."""

import math
import re
from collections.abc import Collection
from typing import Any

from wattshed.accounts.recommend.limits import Limits, Option, OptionStanding, Recommendation
from wattshed.accounts.recommend.reasons import joules_text, percent
from wattshed.compression.rises import PART_TEXTS
from wattshed.foundation.vocabulary import Part
from wattshed.statistics.intervals import Interval

LARGEST_PLAIN = 1e12
# So many undecided checkpoints are named.
NAMED = 3


def headline(found: Recommendation) -> str:
    """What to use, or that nothing can be recommended, in one or two sentences."""
    limits = found.limits
    forecasts = f"{count_text(limits.forecasts)} forecasts"
    runnable = [
        one
        for one in found.options
        if one.standing not in (OptionStanding.UNAVAILABLE, OptionStanding.CONTROL)
    ]
    if found.chosen is None:
        blamed = [
            f"Without the limit on {name}, {lineage} would keep the others."
            for name, lineage in found.without.items()
        ]
        why = (
            f"no checkpoint is shown to keep all limits ({limits_text(found)}), and for some it is undecided."
            if found.undecided
            else f"none of {len(runnable)} checkpoints keeps all limits ({limits_text(found)})."
        )
        return " ".join([f"Nothing can be recommended for {forecasts}: {why}", *blamed])
    chosen = found.option(found.chosen)
    keeping = [
        one for one in found.options if one.standing in (OptionStanding.CHOSEN, OptionStanding.COSTS_MORE)
    ]
    sentence = (
        f"Use {found.chosen} for {forecasts}: it takes {joules_text(chosen.energy_j)} with its making, "
    )
    sentence += (
        f"the least of the {len(keeping)} checkpoints that are shown to keep all limits"
        if len(keeping) > 1
        else "and no other checkpoint is shown to keep all limits"
    )
    sentence += f" ({limits_text(found)})."
    return " ".join([sentence, *_further(found, chosen)])


def _further(found: Recommendation, chosen: Option) -> list[str]:
    """What the choice does not show, and how it does on the test part."""
    sentences = []
    alike = [
        one.lineage
        for one in found.options
        if one.standing == OptionStanding.COSTS_MORE and one.reason.split(";")[0].endswith("not told apart")
    ]
    if alike:
        sentences.append(f"In energy it is not told apart from {', '.join(alike)}.")
    assert chosen.energy_j.mean is not None
    cheaper = [
        one
        for one in found.options
        if one.standing == OptionStanding.UNDECIDED
        and one.may_keep
        and one.energy_j.mean is not None
        and one.energy_j.mean < chosen.energy_j.mean
    ]
    if cheaper:
        sentences.append(f"Undecided, and would take less: {_named(cheaper)} (more seeds may decide).")
    if chosen.seeds < 2:
        sentences.append("It has one seed, so that the spread of its energy is unknown.")
    if found.on_test is not None and found.on_test.mean is not None:
        sentences.append(
            f"On the test part, which chose nothing, its RMSE is {change_text(found.on_test)} "
            f"{found.reference}."
        )
    if found.limits.part == Part.TEST:
        sentences.append("It was chosen on the test part: its errors there are better than those to expect.")
    if found.limits.part == Part.LATER:
        sentences.append(
            "A checkpoint that learned from later months is judged on the ends of these same months (ACC), some of "
            "them before months that it learned from: this is not the error of a future month."
        )
    return sentences


def _named(options: list[Option]) -> str:
    """The few of least mean rise of RMSE, with it, and how many others there are."""

    def rise(one: Option) -> float | None:
        return one.changes["rmse"].mean if "rmse" in one.changes else None

    def text(one: Option) -> str:
        found = rise(one)
        return one.lineage if found is None else f"{one.lineage} (RMSE {percent(found)})"

    rises = {one.lineage: rise(one) for one in options}
    # The reference has no rise, and comes first; one that is unknown comes last.
    order = sorted(
        options,
        key=lambda one: (math.inf if one.changes else 0.0) if (own := rises[one.lineage]) is None else own,
    )
    shown, others = [text(one) for one in order[:NAMED]], len(order) - NAMED
    if others > 0:
        return f"{', '.join(shown)} and {others} {'other' if others == 1 else 'others'}"
    return ", ".join(shown)


def limits_text(found: Recommendation) -> str:
    """All limits with where they are judged, and for how many checkpoints their tests are corrected."""
    limits: Limits = found.limits
    parts = [
        f"RMSE and MAE at most {100 * limits.error_rise_share:g}% above {found.reference} on "
        f"{PART_TEXTS[limits.part]}"
    ]
    if limits.r2_floor is not None:
        parts.append(f"R2 at least {limits.r2_floor:g}")
    if limits.latency_s is not None:
        parts.append(f"at most {1000 * limits.latency_s:.4g} ms per window")
    if limits.size_bytes is not None:
        parts.append(f"at most {limits.size_bytes:,.0f} bytes")
    if found.tested > 1:
        parts.append(f"tests of errors corrected for {found.tested} checkpoints")
    return ", ".join(parts)


def change_text(found: Interval) -> str:
    """``+1.2% [0.3%, 2.1%] against``."""
    assert found.mean is not None
    ends = ""
    if found.low is not None and found.high is not None:
        ends = f" [{percent(found.low)}, {percent(found.high)}]"
    return f"{percent(found.mean)}{ends} against"


def absent_models(models: Collection[str], compared: Collection[str], controls: Collection[str]) -> list[str]:
    """Models of a study that were not measured side by side, so that none of them can be chosen."""
    return [name for name in models if name not in compared and name not in controls]


def absent_sentence(absent: Collection[str], baselines: Collection[str] = ()) -> str | None:
    """Names the absent models and the study's baselines, which figures they lack, and what adds these; None if there
    are neither."""
    parts = []
    if absent:
        parts.append(
            f"of {', '.join(absent)}, of which nothing is made, the errors by day on every window, the time of a "
            "window and the energy of a forecast in turns are not measured (name them in compression.also_measured)"
        )
    if baselines:
        measured = "these" if absent else "errors by day, time and energy of a forecast"
        parts.append(
            f"the baselines {', '.join(baselines)} make no checkpoint that {measured} could be measured of"
        )
    return f"Not among the checkpoints: {'; '.join(parts)}." if parts else None


def count_text(forecasts: float) -> str:
    """``1,000,000``; very large numbers with a power of ten."""
    if forecasts < LARGEST_PLAIN:
        return f"{forecasts:,.0f}"
    return re.sub(r"e\+0*", "e", f"{forecasts:.4g}")


def lines(found: Recommendation) -> list[str]:
    """The headline, and one line for every checkpoint."""
    about = [f"  {one.lineage} ({one.standing}): {one.reason}." for one in found.options]
    return [headline(found), "", *about]


def _change_keys(one: Option, error: str) -> dict[str, float | None]:
    """Its change against the reference, on the part where errors are judged."""
    found = one.changes.get(error, Interval(None, None, None, 0))
    return {
        f"{error}_change_share": found.mean,
        f"{error}_change_low": found.low,
        f"{error}_change_high": found.high,
    }


def to_json(
    found: Recommendation, absent: Collection[str] = (), baselines: Collection[str] = ()
) -> dict[str, Any]:
    """The choice, limits and all checkpoints with their reasons. absent: models that were not compared; baselines: of
    the study, which cannot be.

    ``on_test``: change of the chosen checkpoint's RMSE against the reference on the test part; None where nothing is
    chosen, where the test part chose, and for the reference itself.
    """
    limits, on_test = found.limits, found.on_test
    return {
        "chosen": found.chosen,
        "undecided": found.undecided,
        "corrected_for": found.tested,
        "sentence": headline(found),
        "reference": found.reference,
        "on_test": None
        if on_test is None
        else {
            "rmse_change_share": on_test.mean,
            "rmse_change_low": on_test.low,
            "rmse_change_high": on_test.high,
        },
        "limits": {
            "forecasts": limits.forecasts,
            "error_rise_share": limits.error_rise_share,
            "r2_floor": limits.r2_floor,
            "latency_s": limits.latency_s,
            "bytes": limits.size_bytes,
            "part": str(limits.part),
        },
        "checkpoints": [
            {
                "lineage": one.lineage,
                "seeds": one.seeds,
                "standing": str(one.standing),
                "reason": one.reason,
                "energy_j": one.energy_j.mean,
                "energy_j_low": one.energy_j.low,
                "energy_j_high": one.energy_j.high,
                **_change_keys(one, "rmse"),
                **_change_keys(one, "mae"),
                "bytes": one.size_bytes,
                "latency_s": one.latency_s,
            }
            for one in found.options
        ],
        "not_compared": [*absent, *baselines],
    }
