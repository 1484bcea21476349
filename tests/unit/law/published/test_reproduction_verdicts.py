"""The rules of verdicts: each on made numbers, and what must hold for any numbers."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.reproducing.row import error_text, number_text
from wattshed.law.published.reproducing.verdicts import (
    WHOLE_FACTORS,
    Verdict,
    judge,
    judge_at_least,
    judge_identified,
    judge_selected,
    judge_swapped,
    judge_without_formula,
    relative_error,
)

VALUES = st.floats(1e-3, 1e6, allow_nan=False)


@given(VALUES, st.integers(2, 6))
def test_a_number_that_was_rounded_is_reproduced(value, digits):
    for sign in (1, -1):
        assert judge(PrintedNumber(f"{sign * value:.{digits}e}"), sign * value).verdict == Verdict.REPRODUCED


@given(st.integers(1, 10**6), st.floats(0, 0.999), st.integers(1, 4))
def test_a_number_that_was_cut_is_rounded_right_or_wrongly(whole, rest, digits):
    """Never anything worse, if it has three digits or more."""
    cut = whole + 10**4
    value = (cut + rest) / 10**digits
    verdict = judge(PrintedNumber(f"{cut / 10**digits:.{digits}f}"), value).verdict
    assert verdict == (Verdict.WRONG_ROUNDING if rest > 0.5 + 1e-6 else verdict)
    assert verdict in (Verdict.REPRODUCED, Verdict.WRONG_ROUNDING)


@given(VALUES, st.sampled_from([-3, -2, -1, 1, 2, 3]))
def test_a_misplaced_point_is_a_decimal_slip(value, power):
    found = judge(PrintedNumber(f"{value * 10.0**power:.4e}"), value)
    assert found.verdict == Verdict.DECIMAL_SLIP
    assert f"{10 ** abs(power):,} times too {'large' if power > 0 else 'small'}" in found.reason


@given(VALUES, st.sampled_from(WHOLE_FACTORS), st.booleans())
def test_a_factor_that_the_formulas_count_is_named(value, factor, larger):
    printed = value * factor if larger else value / factor
    found = judge(PrintedNumber(f"{printed:.5e}"), value)
    assert found.verdict == Verdict.WRONG_FACTOR
    assert (f"{factor} times" if larger else f"1/{factor} of") in found.reason


@given(VALUES, VALUES)
def test_what_lies_outside_of_every_slip_is_not_reproducible(printed, value):
    ratio = printed / value
    factors = [one for f in WHOLE_FACTORS for one in (f, 1 / f)]
    known = [1.0, *(10.0**power for power in range(-6, 7)), *factors]
    assume(all(abs(math.log(ratio / one)) > 0.02 for one in known))
    assert judge(PrintedNumber(f"{printed:.6e}"), value).verdict == Verdict.NOT_REPRODUCIBLE


@given(VALUES, VALUES, st.integers(2, 5))
def test_only_what_rounds_to_the_digits_is_reproduced(printed, value, digits):
    number = PrintedNumber(f"{printed:.{digits}f}")
    reproduced = judge(number, value).verdict == Verdict.REPRODUCED
    assert reproduced == (abs(value - number.value) <= number.step / 2 + 1e-9 * max(value, number.step))


@given(VALUES, st.floats(0.001, 0.009), st.booleans())
def test_a_small_miss_of_many_digits_is_an_arithmetic_slip(value, share, larger):
    printed = value * (1 + share if larger else 1 - share)
    assert judge(PrintedNumber(f"{printed:.8e}"), value).verdict == Verdict.ARITHMETIC_SLIP


def test_another_rows_value_comes_before_slips():
    printed = PrintedNumber("79")
    found = judge(printed, 75.28, exchanged={"two factors": 78.94})
    assert (found.verdict, found.reason) == (
        Verdict.SWAPPED_ROWS,
        "the formula rounds to the printed digits with two factors exchanged",
    )
    assert judge(printed, 75.28, others={"B": 79.02}).verdict == Verdict.OTHER_QUANTITY
    assert judge(printed, 75.28, others={"B": 82.0}).verdict == Verdict.NOT_REPRODUCIBLE
    # Its own formula goes first.
    assert judge(printed, 79.2, others={"B": 79.0}).verdict == Verdict.REPRODUCED


def test_one_printed_digit_does_not_make_everything_a_matter_of_rounding():
    assert judge(PrintedNumber("1"), 1.9).verdict == Verdict.NOT_REPRODUCIBLE
    assert judge(PrintedNumber("1.3"), 1.385).verdict == Verdict.WRONG_ROUNDING
    # Eleven counts nothing in a Transformer.
    assert judge(PrintedNumber("0.76"), 8.389).verdict == Verdict.NOT_REPRODUCIBLE


def test_a_printed_or_recomputed_zero_is_judged_without_dividing():
    assert judge(PrintedNumber("0.00"), 0.001).verdict == Verdict.REPRODUCED
    assert judge(PrintedNumber("0.00"), 0.5).verdict == Verdict.NOT_REPRODUCIBLE
    assert judge(PrintedNumber("2"), 0.0).verdict == Verdict.NOT_REPRODUCIBLE
    assert relative_error(PrintedNumber("0"), 1.0) is None
    assert relative_error(PrintedNumber("-2"), -1.0) == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="expected a finite number"):
        judge(PrintedNumber("1"), value)


def test_more_than_is_met_from_above_alone():
    assert judge_at_least(PrintedNumber("11"), 11.92).verdict == Verdict.REPRODUCED
    assert judge_at_least(PrintedNumber("11"), 7.3).verdict == Verdict.NOT_REPRODUCIBLE


def test_a_number_without_formula_is_anothers_or_not_reproducible():
    printed = PrintedNumber("65.79")
    assert judge_without_formula(printed, {"x": 65.79}).verdict == Verdict.OTHER_QUANTITY
    assert judge_without_formula(printed, {"x": 66.0}).verdict == Verdict.NOT_REPRODUCIBLE


@given(st.floats(0, 0.9), st.floats(0.01, 0.99))
def test_a_fit_of_kept_points_alone_is_selected(unselected, share):
    printed = PrintedNumber("0.958")
    assert judge_selected(printed, [0.9584], unselected, share).verdict == Verdict.SELECTED
    assert judge_selected(printed, [0.94, 0.96], unselected, share).verdict == Verdict.SELECTED
    # Nothing was deleted, or the kept points do not have it either: the other rules decide.
    for kept, of_all in (([0.9584], 1.0), ([0.90, 0.91], share)):
        assert judge_selected(printed, kept, unselected, of_all).verdict != Verdict.SELECTED


def test_a_fit_that_all_points_have_is_not_selected():
    assert judge_selected(PrintedNumber("0.958"), [0.9584], 0.9581, 0.5).verdict == Verdict.REPRODUCED


@given(st.tuples(*[st.floats(-1, 1)] * 4))
def test_rows_are_swapped_only_if_both_fit_better_exchanged(r2):
    own, exchanged = r2[:2], r2[2:]
    verdict = judge_swapped(own, exchanged).verdict
    better = [after > before for before, after in zip(own, exchanged, strict=True)]
    assert (
        verdict
        == {
            2: Verdict.SWAPPED_ROWS,
            0: Verdict.REPRODUCED,
            1: Verdict.NOT_REPRODUCIBLE,
        }[sum(better)]
    )


def test_two_columns_are_told_apart_unless_they_are_one():
    assert judge_identified(0.998) is None
    for correlation in (1.0, -1.0, 1 - 1e-12):
        assert judge_identified(correlation).verdict == Verdict.NOT_IDENTIFIED


@pytest.mark.parametrize("text", ["", "about 3", "nan", "inf", "1,000", "35.08 µs"])
def test_a_text_that_is_no_number_is_refused(text):
    with pytest.raises(Fault, match=r"cannot be read: expected digits such as 26\.30 or 6\.44e10"):
        PrintedNumber(text)


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("26.30", 26.3, 0.01),
        ("6.44e10", 6.44e10, 1e8),
        ("36", 36, 1),
        ("-0.1378", -0.1378, 1e-4),
        ("7E+2", 700, 100),
    ],
)
def test_printed_digits_say_how_exactly_a_number_is_known(text, value, step):
    number = PrintedNumber(text)
    assert (number.value, number.step) == (value, pytest.approx(step))
    assert number.scaled(10.0).step == pytest.approx(10 * step)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0.0 %"),
        (-0.0001, "0.0 %"),
        (0.449, "+44.9 %"),
        (-0.5, "-50.0 %"),
        (99.0, "× 100"),
    ],
)
def test_an_error_is_shown_in_per_cent_or_as_a_factor(share, text):
    assert error_text(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0"),
        (3508.42688, "3508.43"),
        (3.22122547e10, "3.22123e10"),
        (1e-6, "1e-6"),
    ],
)
def test_a_recomputed_number_has_six_digits(value, text):
    assert number_text(value) == text
