"""The rules by which a printed number and its recomputed value get a verdict. They know numbers only, not rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wattshed.law.published.printed_number import PrintedNumber

# How far a value may lie outside of the printed digits, as a share, and still be explained by a slip.
SLIP_SHARE = 0.01
# How near a printed number must be to the value of another quantity to be taken for it.
SAME_SHARE = 0.001
# A number with one printed digit is near to a lot: beyond this error it is not a matter of rounding.
ROUNDING_SHARE = 0.1
POWERS_OF_TEN = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
# Counts that a Transformer's formulas have: multiply and add; Q, K and V; the four projections; layers and heads of the
# source's two models. Any other factor within 1 % is chance: eleven counts nothing.
WHOLE_FACTORS = (2, 3, 4, 6, 8, 12)
# Two columns of a regression that are more alike than this are one.
ONE_COLUMN = 1 - 1e-9


class Verdict(StrEnum):
    """What became of a published number."""

    REPRODUCED = "reproduced"
    WRONG_ROUNDING = "wrong rounding"
    ARITHMETIC_SLIP = "arithmetic slip"
    DECIMAL_SLIP = "decimal slip"
    WRONG_FACTOR = "wrong factor"
    SWAPPED_ROWS = "swapped rows"
    OTHER_QUANTITY = "another quantity"
    SELECTED = "selected by outcome"
    NOT_IDENTIFIED = "not identified"
    NOT_REPRODUCIBLE = "not reproducible"
    NOT_STATED = "not stated"


@dataclass(frozen=True)
class Judgement:
    """A verdict and its reason, a sentence without its end."""

    verdict: Verdict
    reason: str


def relative_error(printed: PrintedNumber, recomputed: float) -> float | None:
    """By how much the recomputed value is above the printed one, as a share of its size; None for a printed 0."""
    return None if printed.value == 0 else (recomputed - printed.value) / abs(printed.value)


def judge(
    printed: PrintedNumber,
    recomputed: float,
    others: Mapping[str, float] | None = None,
    exchanged: Mapping[str, float] | None = None,
) -> Judgement:
    """The verdict on a printed number, by the first rule that fits.

    others: values of other quantities that it may have been taken from, by name; exchanged: what the formula gives if
    two of its rows are exchanged, by name. Rules, in order: it rounds to the printed digits; it was cut and not
    rounded, so that it is less than one unit of the last digit off; it is another row's or another quantity's; it is
    within 1 %; it is a power of ten off, or a factor that the formulas count (:data:`WHOLE_FACTORS`), each within 1 %;
    else it is not reproducible. Raises
    ``ValueError`` if the recomputed value is not finite.
    """
    if not math.isfinite(recomputed):
        raise ValueError(f"the recomputed value is {recomputed}: expected a finite number")
    if printed.distance(recomputed) == 0:
        return Judgement(Verdict.REPRODUCED, "the formula rounds to the printed digits")
    error = abs(relative_error(printed, recomputed) or 0.0) if printed.value else math.inf
    if abs(recomputed - printed.value) < printed.step and error <= ROUNDING_SHARE:
        return Judgement(
            Verdict.WRONG_ROUNDING, "less than one unit of the last digit off: cut or rounded wrongly"
        )
    for name, value in (exchanged or {}).items():
        if printed.distance(value) == 0:
            return Judgement(
                Verdict.SWAPPED_ROWS, f"the formula rounds to the printed digits with {name} exchanged"
            )
    for name, value in (others or {}).items():
        if _same(printed, value):
            return Judgement(Verdict.OTHER_QUANTITY, f"the printed number is {name}")
    slip = _slip(printed, recomputed)
    return slip or Judgement(
        Verdict.NOT_REPRODUCIBLE, "no rounding, factor or exchange of the stated formula gives it"
    )


def _slip(printed: PrintedNumber, recomputed: float) -> Judgement | None:
    """A small miss, a power of ten or a factor; None without, and for so few printed digits that much is near them."""
    if printed.step / 2 > ROUNDING_SHARE * abs(printed.value):
        return None
    if printed.gap_share(recomputed) <= SLIP_SHARE:
        return Judgement(Verdict.ARITHMETIC_SLIP, "within 1 %, but not the printed digits")
    for power in POWERS_OF_TEN:
        if printed.scaled(10.0**power).gap_share(recomputed) <= SLIP_SHARE:
            size, side = 10.0 ** abs(power), "small" if power > 0 else "large"
            return Judgement(Verdict.DECIMAL_SLIP, f"the printed number is {size:,.0f} times too {side}")
    for factor in WHOLE_FACTORS:
        if printed.gap_share(recomputed * factor) <= SLIP_SHARE:
            return Judgement(Verdict.WRONG_FACTOR, f"the printed number is {factor} times the formula's")
        if printed.scaled(float(factor)).gap_share(recomputed) <= SLIP_SHARE:
            return Judgement(Verdict.WRONG_FACTOR, f"the printed number is 1/{factor} of the formula's")
    return None


def judge_at_least(printed: PrintedNumber, recomputed: float) -> Judgement:
    """Of "more than": reproduced if the value is above the printed one; else as :func:`judge`."""
    if recomputed > printed.value:
        return Judgement(Verdict.REPRODUCED, "the formula gives more than that")
    return judge(printed, recomputed)


def judge_without_formula(printed: PrintedNumber, others: Mapping[str, float]) -> Judgement:
    """Of a number that no stated formula gives: another quantity's, or not reproducible."""
    for name, value in others.items():
        if _same(printed, value):
            return Judgement(Verdict.OTHER_QUANTITY, f"the printed number is {name}")
    return Judgement(Verdict.NOT_REPRODUCIBLE, "no stated formula gives it")


def judge_selected(
    printed: PrintedNumber, kept: Sequence[float], unselected: float, kept_share: float
) -> Judgement:
    """Of a measure of fit: selected by outcome if it is that of the kept points and not that of all of them.

    kept: values on points that were kept by their own error; a single one must be the printed number's, several must
    enclose it. unselected: on all points; kept_share: of the points.
    """
    on_all = judge(printed, unselected)
    if on_all.verdict in (Verdict.REPRODUCED, Verdict.WRONG_ROUNDING):
        return on_all
    reaches = any(printed.distance(value) == 0 for value in kept)
    encloses = min(kept) <= printed.value <= max(kept)
    if kept_share < 1 and (reaches or encloses):
        return Judgement(
            Verdict.SELECTED,
            f"it holds for the {100 * kept_share:.1f} % of points that the model's own error kept; of all points "
            f"it is {unselected:.3g}",
        )
    return on_all


def judge_kept(kept_share: float, beyond_share: float, unselected: float) -> Judgement:
    """Of a fit on some of the points: selected by outcome if most points left out err by more than any kept one.

    kept_share: of all points; beyond_share: of those left out, by the fit to the kept ones; unselected: the measure on
    all points.
    """
    if kept_share < 1 and beyond_share > 0.5:
        return Judgement(
            Verdict.SELECTED,
            f"of the steps left out {100 * beyond_share:.0f} % err by more than any kept one; of all steps it is "
            f"{unselected:.3g}",
        )
    return Judgement(Verdict.NOT_STATED, "the steps left out err as the kept ones do")


def judge_swapped(own: Sequence[float], exchanged: Sequence[float]) -> Judgement:
    """Of two rows of parameters: swapped if each fits the other's data better, by R2; reproduced if neither does."""
    better = [after > before for before, after in zip(own, exchanged, strict=True)]
    text = f"R2 {', '.join(f'{one:.3f}' for one in own)}, exchanged {', '.join(f'{one:.3f}' for one in exchanged)}"
    if all(better):
        return Judgement(Verdict.SWAPPED_ROWS, f"each row fits the other's measurements better: {text}")
    if not any(better):
        return Judgement(Verdict.REPRODUCED, f"each row fits its own measurements better: {text}")
    return Judgement(Verdict.NOT_REPRODUCIBLE, f"one row fits both measurements better: {text}")


def judge_identified(correlation: float) -> Judgement | None:
    """Of two coefficients: not identified if their columns are one; None if the columns differ."""
    if abs(correlation) >= ONE_COLUMN:
        return Judgement(
            Verdict.NOT_IDENTIFIED,
            f"the two columns are one (r = {correlation:.6g}), so that only their sum is known",
        )
    return None


def _same(printed: PrintedNumber, value: float) -> bool:
    return printed.gap_share(value) <= SAME_SHARE
