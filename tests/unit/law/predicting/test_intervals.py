import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hand_made_profile import LAW, hand_made_profile
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.predicting.intervals import (
    UNKNOWN_HALF_WIDTH,
    WIDER_PER_E_FOLD,
    conformal_half_width,
    half_width_of,
    outside_e_folds,
)

ERRORS = st.lists(st.floats(-2, 2), min_size=1, max_size=40)


def test_the_rank_is_that_of_a_finite_sample():
    # 19 errors: rank ceil(0.9 x 20) = 18.
    assert conformal_half_width({"gru": [number / 100 for number in range(1, 20)]}) == 0.18
    # 9 errors: rank 9, the largest.
    assert conformal_half_width({"gru": [-number / 100 for number in range(1, 10)]}) == 0.09


def test_too_few_errors_give_no_narrow_interval():
    assert conformal_half_width({}) == UNKNOWN_HALF_WIDTH
    assert conformal_half_width({"gru": [0.01] * 8}) == UNKNOWN_HALF_WIDTH
    assert conformal_half_width({"gru": [0.01] * 7 + [-3.0]}) == 3.0


def test_a_family_with_many_steps_weighs_as_much_as_one_with_few():
    many, few = [0.01] * 900, [0.5] * 10
    assert conformal_half_width({"gru": many, "lstm": few}) == 0.5
    assert conformal_half_width({"both": [*many, *few]}) == 0.01


@settings(max_examples=40, deadline=None)
@given(ERRORS, ERRORS)
def test_the_width_covers_nine_tenths_of_its_own_errors(first, second):
    width = conformal_half_width({"a": first, "b": second})
    shares = [np.mean(np.abs(errors) <= width) for errors in (first, second)]
    assert np.mean(shares) >= 0.9 or math.isclose(np.mean(shares), 0.9)


def test_new_errors_of_the_same_kind_are_covered():
    random = np.random.default_rng(5)
    errors = random.standard_t(3, (2000, 31)) * 0.1
    inside = [
        abs(row[-1]) <= conformal_half_width({"a": row[:10], "b": row[10:20], "c": row[20:30]})
        for row in errors
    ]
    # Nine tenths are promised; 2000 trials have a deviation of 0.007.
    assert 0.885 <= np.mean(inside) <= 0.96


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.1, math.nan])
def test_a_coverage_outside_0_to_1_is_refused(coverage):
    with pytest.raises(ValueError, match="the coverage is"):
        conformal_half_width({"gru": [0.1]}, coverage)


def test_an_error_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not a finite number"):
        conformal_half_width({"gru": [0.1, math.nan]})


def test_outside_the_calibrated_sizes_the_interval_grows():
    key = (Kind.LINEAR, Direction.FORWARD)
    narrow = replace(LAW, flops_low=1e6, flops_high=1e9)
    profile = hand_made_profile(laws={key: narrow})
    inside, edge, large, small = (
        [Operation(Kind.LINEAR, flops, 1.0)] for flops in (1e7, 1e9, math.e**2 * 1e9, 1e6 / math.e)
    )
    assert outside_e_folds(inside, profile) == outside_e_folds(edge, profile) == 0
    assert outside_e_folds(large, profile) == pytest.approx(2)
    assert outside_e_folds(small, profile) == pytest.approx(1)
    assert half_width_of(large, profile) == pytest.approx(
        half_width_of(inside, profile) + 2 * WIDER_PER_E_FOLD
    )
