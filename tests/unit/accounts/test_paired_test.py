"""The test behind the guard, against textbook values and simulated truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wattshed.statistics.paired import change_of, holm

RATIOS = np.array([0.02, -0.01, 0.05, 0.03, 0.04])


def test_it_is_students_one_sided_test():
    change = change_of(RATIOS, np.array(["1"] * 5))
    expected = stats.ttest_1samp(RATIOS, 0, alternative="greater")
    both_sides = stats.ttest_1samp(RATIOS, 0).confidence_interval(0.95)
    assert change.p_value == pytest.approx(expected.pvalue)
    assert (change.low, change.high) == pytest.approx((both_sides.low, both_sides.high))
    assert (change.unit, change.n_units) == ("pairs", 5)


def test_runs_that_differ_as_wholes_are_what_counts():
    """Three runs of four epochs: one was simply dearer as a whole, and says so four times."""
    noise = np.array([0.001, -0.001, 0.002, -0.002])
    change = change_of(np.concatenate([noise, noise, 0.1 + noise]), np.repeat(["1", "2", "3"], 4))
    assert (change.unit, change.n_units) == ("seeds", 3)
    assert change.p_value == pytest.approx(
        stats.ttest_1samp([0.0, 0.0, 0.1], 0, alternative="greater").pvalue, rel=1e-6
    )


def test_one_pair_a_seed_is_the_same_by_pairs_and_by_seeds():
    by_seeds = change_of(RATIOS, np.array(list("12345")))
    by_pairs = change_of(RATIOS, np.array(["1"] * 5))
    assert (by_seeds.unit, by_seeds.n_units) == ("seeds", 5)
    assert (by_seeds.log_ratio, by_seeds.p_value) == pytest.approx((by_pairs.log_ratio, by_pairs.p_value))


def test_few_runs_are_taken_to_differ_by_what_is_stated():
    """Both sides differ: the variance of one run a side grows by twice that of a run, of two by once."""
    spread = 0.05
    for runs, further in ((["1"] * 5, 2 * spread**2), (["1"] * 2 + ["2"] * 3, spread**2)):
        change = change_of(RATIOS, np.array(runs), run_spread=spread)
        error = math.sqrt(RATIOS.var(ddof=1) / 5 + further)
        assert change.p_value == pytest.approx(stats.t.sf(RATIOS.mean() / error, 4))
    three = change_of(RATIOS, np.array(list("11233")), run_spread=spread)
    assert (three.unit, three.n_units) == ("seeds", 3)


@pytest.mark.parametrize(("shift", "p_value"), [(0.01, 0.0), (0.0, 1.0), (-0.01, 1.0)])
def test_identical_ratios_are_certain(shift, p_value):
    change = change_of(np.full(4, shift), np.array(["1", "1", "2", "2"]))
    assert (change.p_value, change.low, change.high) == (p_value, shift, shift)


def test_holm_goes_down_the_ordered_family():
    """0.01 <= 0.05/3, 0.02 <= 0.05/2, 0.06 > 0.05."""
    assert holm([0.06, 0.01, 0.02], 0.05) == [False, True, True]
    assert holm([0.03, 0.02, 0.04], 0.05) == [False, False, False]
    assert holm([], 0.05) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.floats(0.001, 0.2))
def test_holm_lies_between_bonferroni_and_none(p_values, alpha):
    for p_value, rejected in zip(p_values, holm(p_values, alpha), strict=True):
        assert rejected or p_value > alpha / len(p_values)
        assert not rejected or p_value <= alpha


@given(st.lists(st.floats(-0.5, 0.5), min_size=4, max_size=20))
def test_swapping_the_sides_mirrors_the_change(ratios):
    there, seeds = np.array(ratios), np.array(["1"] * len(ratios))
    forth, back = change_of(there, seeds), change_of(-there, seeds)
    assert forth.low == pytest.approx(-back.high)
    assert 0 <= forth.p_value <= 1
    if forth.low < forth.high:
        assert forth.p_value + back.p_value == pytest.approx(1)
    assert not math.isnan(forth.log_ratio)
