import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.summaries import summarise

finite = st.floats(-1e6, 1e6)


def test_one_value_has_no_interval_and_none_has_nothing():
    one = mean_interval([3.0])
    assert (one.mean, one.low, one.high, one.n) == (3.0, None, None, 1)
    none = mean_interval([])
    assert (none.mean, none.low, none.high, none.n) == (None, None, None, 0)


def test_nulls_are_not_counted():
    assert mean_interval([1.0, None, float("nan"), 3.0]).n == 2


@settings(max_examples=50)
@given(st.lists(finite, min_size=2, max_size=15))
def test_the_interval_holds_the_mean_and_is_the_same_every_time(values):
    found = mean_interval(values)
    slack = 1e-9 * max(1, abs(found.mean))
    assert found.low - slack <= found.mean <= found.high + slack
    assert found == mean_interval(values)


@pytest.mark.parametrize("n", [3, 5, 12, 30])
def test_intervals_cover_the_truth_in_about_95_percent_of_samples(n):
    random = np.random.default_rng(n)
    hits = 0
    for _ in range(1000):
        found = mean_interval(random.normal(10, 2, n))
        hits += found.low <= 10 <= found.high
    assert 930 <= hits <= 970


def test_a_summary_counts_per_group_and_keeps_their_order():
    frame = pd.DataFrame({"model": ["b", "a", "b"], "rmse": [1.0, 5.0, 3.0]})
    summary = summarise(frame, "model", ["rmse"])
    assert summary["model"].tolist() == ["b", "a"]
    assert summary["n"].tolist() == [2, 1]
    assert summary["rmse_mean"].tolist() == [2.0, 5.0]
    assert summary["rmse_low"].isna().tolist() == [False, True]


def test_many_values_take_no_resampling_and_agree_with_it(monkeypatch):
    values = np.random.default_rng(5).gamma(2.0, 1.0, 400)
    plain = mean_interval(values)
    monkeypatch.setattr("wattshed.statistics.intervals.BOOTSTRAP_BELOW", 1000)
    resampled = mean_interval(values)
    assert plain.low == pytest.approx(resampled.low, rel=0.01)
    assert plain.high == pytest.approx(resampled.high, rel=0.01)
