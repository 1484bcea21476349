"""A small version of benchmarks/clock_trials.py: 24 searches of invented GPUs of known truth."""

import sys

import pytest

TRIALS = 24


@pytest.fixture(scope="module")
def trials(root):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import clock_trials
    finally:
        sys.path.pop(0)
    return clock_trials


def test_the_search_keeps_the_limit_loses_little_and_leaves_most_windows_out(trials):
    found = trials.run(trials.METHODS[0], range(5000, 5000 + TRIALS))
    said = trials.summary(found)
    assert said["kept"][0] >= 0.95
    assert said["regret_mean"] <= 0.02
    assert said["near"][0] >= 0.7
    assert said["windows_mean"] <= 0.4 * 188
    assert said["windows_most"] <= 110


def test_intervals_of_shares_are_wilsons(trials):
    assert trials.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    low, high = trials.wilson(24, 24)
    assert 0.8 < low < high == pytest.approx(1)
