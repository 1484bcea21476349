import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.summaries import column_interval, summarise

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
    assert summary["rmse_mean"].tolist() == pytest.approx([3**0.5, 5.0])
    assert summary["rmse_low"].isna().tolist() == [False, True]


@pytest.mark.parametrize("cv", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_log_t_covers_the_median_of_log_normal_data_and_stays_positive(n, cv):
    random = np.random.default_rng(n)
    sigma = np.sqrt(np.log1p(cv**2))
    found = [geometric_interval(np.exp(sigma * random.standard_normal(n))) for _ in range(1500)]
    assert all(one.low > 0 for one in found)
    assert 0.93 <= np.mean([one.low <= 1 <= one.high for one in found]) <= 0.97


@settings(max_examples=50)
@given(st.lists(st.floats(1e-12, 1e12), min_size=2, max_size=15), st.floats(1e-6, 1e6))
def test_geometric_means_scale_with_the_unit(values, factor):
    one, other = geometric_interval(values), geometric_interval(value * factor for value in values)
    assert 0 < one.low <= one.mean * (1 + 1e-9)
    assert one.mean <= one.high * (1 + 1e-9)
    assert other.mean == pytest.approx(one.mean * factor)
    assert other.low == pytest.approx(one.low * factor)


def test_the_scale_of_a_mean_follows_from_its_column():
    assert column_interval("rmse", [1.0, 4.0]).mean == pytest.approx(2.0)
    assert column_interval("r2", [-1.0, 4.0]).mean == pytest.approx(1.5)
    # Half and double the error are no change in the mean.
    assert column_interval("rmse_change_share", [-0.5, 1.0]).mean == pytest.approx(0.0)
    assert column_interval("energy_kwh", [0.0, 1.0]).mean is None
