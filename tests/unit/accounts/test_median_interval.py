"""The interval of a median, of latencies and of the benchmarks' ratios."""

import numpy as np
import pytest
from scipy.stats import binom

from wattshed.statistics.medians import median_interval


@pytest.mark.parametrize(("count", "ends"), [(5, (None, None)), (6, (0.0, 5.0)), (30, (9.0, 20.0))])
def test_the_interval_of_a_median_is_that_of_the_tables(count, ends):
    """Of 30 values the 10th and the 21st hold the median with 95.7 % (Conover 1999, table A3 by the binomial)."""
    assert median_interval(np.arange(count, dtype=float)[::-1]) == ends


@pytest.mark.parametrize("count", [6, 7, 41, 200, 1001])
def test_as_many_values_are_left_out_as_the_binomial_distribution_allows(count):
    low, high = median_interval(range(count))
    assert low + high == count - 1
    assert 2 * binom.cdf(low, count, 0.5) <= 0.05 < 2 * binom.cdf(low + 1, count, 0.5)


def test_the_interval_of_a_median_covers_it_as_often_as_it_says():
    random = np.random.default_rng(5)
    found = [median_interval(random.exponential(size=30)) for _ in range(2000)]
    covered = np.mean([low <= np.log(2) <= high for low, high in found])
    assert 0.94 < covered < 0.975
