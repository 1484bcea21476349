import numpy as np
import pytest
from scipy import stats

from wattshed.statistics.ratios import ratio_interval


def test_the_ratio_is_welchs_interval_of_the_logarithms():
    above, below = [90.0, 110.0, 105.0], [1.0, 1.3, 0.8, 1.1]
    found = ratio_interval(above, below)
    welch = stats.ttest_ind(np.log(above), np.log(below), equal_var=False)
    low, high = np.exp(welch.confidence_interval(0.95))
    assert found.mean == pytest.approx(stats.gmean(above) / stats.gmean(below))
    assert (found.low, found.high, found.n) == (pytest.approx(low), pytest.approx(high), 3)


def test_no_bounds_from_one_value_and_nothing_from_what_is_unknown_or_zero():
    one = ratio_interval([8.0, 8.0], [2.0])
    assert (one.mean, one.low, one.high, one.n) == (pytest.approx(4), None, None, 1)
    for below in ([1.0, None], [1.0, np.nan], [1.0, 0.0], []):
        assert ratio_interval([1.0, 2.0], below).mean is None
    same = ratio_interval([4.0, 4.0], [2.0, 2.0])
    assert (same.low, same.high) == (pytest.approx(2), pytest.approx(2))


def test_three_seeds_a_side_cover_the_truth_as_often_as_promised():
    random = np.random.default_rng(1)
    above, below = random.lognormal(np.log(50), 0.2, (1500, 3)), random.lognormal(0, 0.05, (1500, 3))
    found = [ratio_interval(*pair) for pair in zip(above, below, strict=True)]
    covered = np.mean([ratio.low <= 50 <= ratio.high for ratio in found])
    assert 0.93 <= covered <= 0.98
