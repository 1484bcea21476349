"""Seeds that are all alike say nothing of chance, however small the quantity is."""

import pytest

from wattshed.statistics.summaries import column_interval, over_seeds


@pytest.mark.parametrize("values", [[0.6444] * 3, [0.0, 0.0], [7e-9] * 5, [-0.1] * 3])
def test_values_that_are_all_alike_have_no_bounds(values):
    column = "r2" if min(values) <= 0 else "energy_kwh"
    found = over_seeds(column_interval(column, values))
    assert (found.low, found.high, found.n) == (None, None, len(values))
    assert found.mean == pytest.approx(values[0])


def test_small_energies_that_differ_keep_their_bounds():
    found = over_seeds(column_interval("energy_kwh", [6.6e-9, 6.7e-9, 6.65e-9]))
    assert found.low < found.mean < found.high
