"""The verdict on each variant over all of its seeds, and its reason in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from wattshed.compression.rises import LATER, LATER_ERRORS, PART_TEXTS, TEST_ERRORS, r2_interval
from wattshed.foundation.vocabulary import Part, Worth
from wattshed.statistics.decisions import Spread
from wattshed.statistics.intervals import Interval
from wattshed.statistics.worth import (
    CLAIM_LEVEL,
    LEAST_SAVING_SHARE,
    Candidate,
    p_within,
    saving_interval,
    shown_above,
    worth_of,
)

Row = dict[str, Any]


def verdicts_of(
    variants: Sequence[Sequence[Row]],
    rises: Sequence[Mapping[str, Spread]],
    budget_share: float,
    floors: Sequence[Mapping[str, Spread]] | None = None,
    r2_floor: float | None = None,
    what: str = "variants",
) -> list[tuple[str, str]]:
    """Verdict and reason of every variant of one checkpoint; each is the rows of its seeds. They are tested together.

    rows: with ``saving_share``, ``saving_of`` and ``back_ends``; rises: of each variant, by name of the judged error,
    logarithm of its ratio to the parent's; none that is unknown. budget_share: largest accepted rise of an error.
    floors: of each variant, by part, what :func:`wattshed.compression.rises.r2_excess` says for ``r2_floor``.
    what: what the variants are, for reasons.
    """
    candidates = [
        Candidate([1 - row["saving_share"] for row in rows], errors, excesses)
        for rows, errors, excesses in zip(variants, rises, floors or [{}] * len(variants), strict=True)
    ]
    found = worth_of(candidates, budget_share)
    family = f"{len(candidates)} {what}"
    return [
        (str(worth), _reason(worth, rows, candidate, budget_share, r2_floor, family))
        for worth, rows, candidate in zip(found, variants, candidates, strict=True)
    ]


def _reason(
    worth: Worth,
    rows: Sequence[Row],
    candidate: Candidate,
    budget_share: float,
    r2_floor: float | None,
    family: str,
) -> str:
    """family: for what the tests are corrected, such as ``4 variants``."""
    known = {error: spread.change() for error, spread in candidate.errors.items()}
    n = f"n = {len(rows)} seed{'' if len(rows) == 1 else 's'}"
    saving = saving_interval(candidate.costs)
    saved = _saving_text(saving, rows[0])
    if not known:
        return f"{saved}; its error is unknown, or an error is 0 ({n})"
    # The error that decides against the variant, or would first: the one whose interval begins highest.
    worst = max(known, key=lambda error: _or_mean(known[error].low, known[error]))
    rise = f"{_rise_text(worst, known[worst])}, budget {budget_share:.0%}"
    floor = floor_text(candidate.excesses, r2_floor)
    if (
        worth == Worth.NOT_WORTH_IT
        and len(rows) > 1
        and shown_above(Candidate([], {}, candidate.excesses), 0.0)
    ):
        return f"{floor} ({n})"
    if worth == Worth.WORTH_IT:
        return f"{saved}; {_rise_text(*_highest(known))}, within the budget of {budget_share:.0%} ({n})"
    if worth == Worth.NOT_WORTH_IT:
        if _or_mean(known[worst].low, known[worst]) > budget_share:
            return f"{_rise_text(worst, known[worst])}, more than the budget of {budget_share:.0%} ({n})"
        return f"{saved}, but at least {LEAST_SAVING_SHARE:.0%} less is required ({n})"
    if len(rows) > 1 and p_within(Candidate([], {}, candidate.excesses), 0.0) > CLAIM_LEVEL:
        return f"{floor} ({n})"
    if len(rows) == 1:
        return f"{saved}; {rise}; one seed shows no spread"
    if any(rise.low is None for rise in known.values()):
        return f"{saved}; {rise}; the days are too few to show how much errors vary ({n})"
    highest, its_rise = _highest(known)
    if _or_mean(its_rise.high, its_rise) > budget_share:
        return f"{_rise_text(highest, its_rise)}, which may be within the budget of {budget_share:.0%} or not ({n})"
    if _or_mean(saving.low, saving) > 0 and (saving.mean or 0) >= LEAST_SAVING_SHARE:
        return f"{saved}; {rise}: not shown once corrected for {family} ({n})"
    return f"{saved}: a saving of {LEAST_SAVING_SHARE:.0%} is neither shown nor excluded ({n})"


def floor_text(excesses: Mapping[str, Spread], r2_floor: float | None) -> str:
    """``R2 is 0.412 [0.380, 0.440] on the test part, below the floor of 0.5``; of the part where it is lowest."""
    if not excesses or r2_floor is None:
        return ""
    part = max(excesses, key=lambda one: _or_infinite(float(excesses[one].bounds()[1])))
    excess, where = excesses[part], PART_TEXTS[Part(part)]
    if math.isnan(float(excess.log)):
        return f"R2 is unknown on {where}, and the floor is {r2_floor:g}"
    mean, low, high = r2_interval(excess, r2_floor)
    found = f"R2 is {mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")
    says = "above" if float(excess.p_below(0.0)) <= CLAIM_LEVEL else "which may be below"
    if float(excess.p_above(0.0)) <= CLAIM_LEVEL:
        says = "below"
    return f"{found} on {where}, {says} the floor of {r2_floor:g}"


def _or_infinite(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _highest(rises: dict[str, Interval]) -> tuple[str, Interval]:
    """The error whose interval reaches highest."""
    error = max(rises, key=lambda name: _or_mean(rises[name].high, rises[name]))
    return error, rises[error]


def _or_mean(end: float | None, found: Interval) -> float:
    mean = math.nan if found.mean is None else found.mean
    return mean if end is None else end


def _rise_text(error: str, rise: Interval) -> str:
    """``RMSE rises by 11.0% [9.1%, 13.0%] on the test part``."""
    where = (TEST_ERRORS | LATER_ERRORS)[error]
    name = error.removeprefix(LATER).upper()
    return f"{name} {'rises' if (rise.mean or 0) >= 0 else 'changes'} by {_shares(rise, 1)} on {where}"


def _saving_text(saving: Interval, row: Row) -> str:
    """``34% [30%, 38%] less energy per forecast (computed by torch, the other by fused_cpu)``."""
    what, back_ends = row["saving_of"], row["back_ends"]
    if saving.mean is None:
        return f"the {what} per forecast is unknown"
    less = saving.mean >= 0
    shown = (
        saving if less else Interval(-saving.mean, _negative(saving.high), _negative(saving.low), saving.n)
    )
    return f"{_shares(shown, 0)} {'less' if less else 'more'} {what} per forecast{back_ends}"


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _shares(found: Interval, places: int) -> str:
    text = f"{found.mean or 0:.{places}%}"
    if found.low is None or found.high is None:
        return text
    return f"{text} [{found.low:.{places}%}, {found.high:.{places}%}]"
