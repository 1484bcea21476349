import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomputed import blocks_of
from wattshed.foundation.vocabulary import Comparison
from wattshed.statistics.decisions import (
    BLOCK_DAYS,
    day_blocks,
    error_spread,
    outcomes,
    ratio_spread,
    unpaired_spread,
)

DAYS = 36
BLOCKS = day_blocks(np.arange(DAYS))


def equal_models(random, studies, models, seeds, lag=0.3):
    """Squared errors [studies, models, seeds, days] of models that err alike, days being correlated."""
    noise = random.standard_normal((studies, models, 1, DAYS + 1))
    own = 0.1 * (noise[..., 1:] + lag * noise[..., :-1])
    hard = 0.4 * random.standard_normal((studies, 1, 1, DAYS))
    level = 0.006 * random.standard_normal((studies, models, seeds, 1))
    return np.exp(hard + own + level)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True))
def test_blocks_count_up_without_holes_and_are_stretches_of_days(days):
    blocks = day_blocks(np.array(sorted(days)))
    assert blocks[0] == 0
    assert set(np.diff(blocks)) <= {0, 1}
    assert blocks.tolist() == blocks_of(np.array(sorted(days))).tolist()
    for block in range(blocks.max() + 1):
        inside = np.array(sorted(days))[blocks == block]
        # A short rest of less than half a block joins it, and no gap is inside.
        assert inside[-1] - inside[0] < BLOCK_DAYS + BLOCK_DAYS / 2
        assert np.diff(inside).max(initial=0) <= BLOCK_DAYS / 2


def test_each_stretch_of_days_has_blocks_of_its_own():
    """Held-out tails of months lie weeks apart: their blocks do not depend on where the calendar cuts them."""
    tail = np.arange(8)
    for gap in (20, 21, 22, 23):
        assert np.bincount(day_blocks(np.concatenate([tail, tail + gap]))).tolist() == [4, 4, 4, 4]


def test_a_short_rest_joins_the_last_block():
    assert np.bincount(day_blocks(np.arange(37))).tolist() == [4] * 8 + [5]
    assert np.bincount(day_blocks(np.arange(38))).tolist() == [4] * 9 + [2]


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_the_test_does_not_depend_on_the_unit_and_turns_with_the_sides(seed, factor):
    one, other = equal_models(np.random.default_rng(seed), 1, 2, 3)[0]
    found, turned = ratio_spread(one, other, BLOCKS), ratio_spread(factor * other, factor * one, BLOCKS)
    assert found.log == pytest.approx(-turned.log)
    assert found.p_values() == pytest.approx(turned.p_values())


def test_a_models_interval_is_at_least_as_wide_as_each_of_the_two():
    found = error_spread(equal_models(np.random.default_rng(1), 1, 1, 3)[0, 0], np.full(DAYS, 100.0), BLOCKS)
    low, high = found.bounds()
    variance = found.seed_variance + found.day_variance
    assert variance > max(found.seed_variance, found.day_variance)
    assert low < found.log < high
    assert found.seed_bounds()[0] < found.log < found.day_bounds()[1]


def test_identical_models_are_never_told_apart_and_constant_shifts_always():
    one = equal_models(np.random.default_rng(2), 1, 1, 3)[0, 0]
    assert ratio_spread(one, one, BLOCKS).p_values() == 1
    shifted = ratio_spread(1.1 * one, one, BLOCKS)
    assert shifted.p_values() < 1e-6
    assert np.exp(shifted.log) == pytest.approx(1.1**0.5)


def test_a_perfect_forecast_has_a_p_value():
    one = equal_models(np.random.default_rng(2), 1, 1, 1)[0, 0]
    assert np.isfinite(ratio_spread(np.zeros_like(one), one, BLOCKS).p_values())


def test_a_closed_form_counts_as_one_value_for_every_seed():
    random = np.random.default_rng(3)
    trained, closed = equal_models(random, 1, 1, 3)[0, 0], equal_models(random, 1, 1, 1)[0, 0]
    repeated = np.repeat(closed, 3, axis=0)
    one, three = (ratio_spread(trained, other, BLOCKS) for other in (closed, repeated))
    assert one.log == pytest.approx(three.log)
    assert one.p_values() == pytest.approx(three.p_values())


@pytest.mark.parametrize("seeds", [1, 3])
def test_any_of_eleven_equal_models_is_told_apart_in_at_most_5_percent_of_studies(seeds):
    made = equal_models(np.random.default_rng(4), 1200, 12, seeds, lag=0.1)
    found = ratio_spread(made[:, 1:], made[:, :1], BLOCKS)
    p, logs = found.p_values(), found.log
    told = [
        any(one != Comparison.NOT_TOLD_APART for one in outcomes(logs[study].tolist(), p[study].tolist()))
        for study in range(len(made))
    ]
    assert np.mean(told) <= 0.06
    assert (p < 0.05).any(axis=1).mean() > 0.2
    assert 0.03 < (p < 0.05).mean() < 0.065


def test_a_model_that_is_truly_better_by_a_tenth_is_found():
    made = equal_models(np.random.default_rng(5), 300, 2, 3)
    found = ratio_spread(0.9**2 * made[:, 0], made[:, 1], BLOCKS)
    assert (found.p_values() < 0.05 / 11).mean() > 0.9


def test_seeds_that_differ_are_not_paired():
    made = equal_models(np.random.default_rng(6), 500, 2, 3, lag=0.1)
    found = unpaired_spread(made[:, 0], made[:, 1], BLOCKS)
    assert 0.02 < (found.p_values() < 0.05).mean() < 0.08


def test_a_larger_family_tells_less_apart():
    logs, p = [-0.1, 0.2, 0.3], [0.01, 0.02, 0.9]
    better, worse, level = Comparison.BETTER, Comparison.WORSE, Comparison.NOT_TOLD_APART
    assert outcomes(logs, p) == [better, worse, level]
    assert outcomes(logs, p, family=66) == [level] * 3
