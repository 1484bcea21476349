"""Logs without a fixed spacing become time-weighted means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_readings import START_S, arrays_of, readings_of
from wattshed.foundation.faults import Fault

NAN = np.nan


def log(seconds, values, **keys):
    part = readings_of(values, 0, seconds=START_S + np.array(seconds), node=keys.pop("node", None))
    return arrays_of(part, **{"resolution": "irregular", "unit": "W", "step_minutes": 5} | keys)


def test_a_reading_counts_as_long_as_it_holds():
    arrays = log([0, 60, 240, 300], [10, 40, 0, 7])
    np.testing.assert_allclose(arrays.values[0, 0], (60 * 10 + 180 * 40) / 300)
    assert arrays.observed[:, 0].tolist() == [True, True]
    assert any("hold until the next" in note for note in arrays.notes)


def test_a_step_with_an_uncovered_gap_is_unobserved():
    arrays = log([0, 100, 600, 700, 900], [1, 1, 1, 1, 1], longest_hold_s=250)
    assert arrays.observed[:, 0].tolist() == [True, False, True, False]


def test_a_missing_reading_ends_the_one_before_it():
    arrays = log([0, 150, 300, 500, 600], [2, NAN, 4, 4, 1])
    assert arrays.observed[:, 0].tolist() == [False, True, True]
    assert arrays.values[1, 0] == 4


def test_the_time_before_the_first_reading_is_not_covered():
    assert log([10, 100, 300, 400, 600], [1] * 5).observed[:, 0].tolist() == [False, True, True]


def test_power_becomes_energy_of_a_step():
    assert log([0, 300], [1200, 0], panel_unit="Wh").values[0, 0] == 100


def test_a_second_reading_at_one_time_is_refused():
    with pytest.raises(Fault, match=r"row 3: a second reading of node 'n0'"):
        log([0, 0, 9], [1, 2, 3], node=[0, 0, 0])


def test_a_mistyped_year_is_refused():
    with pytest.raises(Fault, match="look for a mistyped date"):
        log([0, 8, 10**9], [1, 2, 3])


@given(
    st.lists(
        st.tuples(st.integers(0, 1500), st.integers(0, 1), st.integers(0, 100)), min_size=1, max_size=40
    ),
    st.sampled_from([60, 250, 2000]),
)
def test_means_equal_those_counted_second_by_second(readings, longest):
    found = {(second, node): value for second, node, value in readings}
    rows = sorted(found, key=lambda key: hash(key) % 97)
    arrays = log(
        [second for second, _ in rows],
        [found[row] for row in rows],
        node=[node for _, node in rows] if any(node for _, node in rows) else [0] * len(rows),
        longest_hold_s=longest,
    )
    for node in range(arrays.values.shape[1]):
        held = np.full(300 * len(arrays.times), NAN)
        own = sorted(second for second, whose in rows if whose == node)
        first = int(arrays.times[0].astype(int) - START_S)
        for second, following in zip(own, [*own[1:], 10**9], strict=False):
            stop = min(following, second + longest)
            held[second - first : stop - first] = found[second, node]
        np.testing.assert_allclose(arrays.values[:, node], held.reshape(-1, 300).mean(axis=1), rtol=1e-5)
