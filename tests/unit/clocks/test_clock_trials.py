"""Small versions of benchmarks/clock_trials.py: searches of invented GPUs of known truth, and the choices from them."""

import sys
from functools import partial

import pytest

from wattshed.clocks.sweeping.search import standing
from wattshed.config.clocks.block import ClocksBlock

TRIALS = 10
FLAT_TRIALS = 10


@pytest.fixture(scope="module")
def trials(root):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import clock_trials
    finally:
        sys.path.pop(0)
    return clock_trials


@pytest.fixture(scope="module")
def searched(trials):
    """Worlds with what was found in each."""
    worlds = [trials.DEFAULT_DRAW(seed) for seed in range(5000, 5000 + TRIALS)]
    return [(world, trials.search(world)) for world in worlds]


def test_the_choice_keeps_the_limit_loses_little_and_needs_few_windows(trials, searched):
    said = trials.summary(trials.pd.DataFrame([trials.judged(*one) for one in searched]))
    assert said["kept"][0] >= 0.9
    assert said["regret_mean"] <= 0.025
    assert said["near"][0] >= 0.6
    assert said["windows_mean"] <= 0.45 * 188
    assert said["windows_most"] <= 110


def test_the_search_ends_with_the_choice_that_is_made_from_it(searched):
    """Exactly: both go by the same draws."""
    for world, found in searched:
        if found.status in ("use", "keep"):
            legal = world.open().settings()
            block = ClocksBlock(seed=world.seed)
            assert standing(found.frame, legal, block, world.limits).setting == found.setting


@pytest.mark.parametrize("refined", [True, False])
def test_where_nothing_is_saved_a_lower_clock_is_rarely_chosen(trials, refined):
    """The shapes are none of the library's laws, so a fit alone would find savings of a percent and be sure of them."""
    find = trials.search if refined else partial(trials.planned, points=12, repeats=3)
    worlds = [trials.draw_flat_world(seed, 0.02) for seed in range(7000, 7000 + FLAT_TRIALS)]
    statuses = [find(world).status for world in worlds]
    assert statuses.count("use") <= 1
    assert statuses.count("keep") >= 0.6 * FLAT_TRIALS


def test_intervals_of_shares_are_wilsons(trials):
    assert trials.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    low, high = trials.wilson(24, 24)
    assert 0.8 < low < high == pytest.approx(1)
