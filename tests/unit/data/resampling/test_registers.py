"""Registers become the energy between their counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_readings import START_S, arrays_of, readings_of
from wattshed.foundation.faults import Fault

NAN = np.nan


def energy(values, resolution_s=3600, **keys):
    ends = keys.pop("ends", False)
    return arrays_of(readings_of(values, resolution_s, ends=ends), quantity="register", **keys)


@pytest.mark.parametrize("ends", [False, True])
def test_an_interval_has_the_difference_of_the_counts_at_its_ends(ends):
    arrays = energy([10, 12, 12, 17], ends=ends)
    assert arrays.values[:, 0].tolist() == [2, 0, 5]
    first = START_S + 3600 if ends else START_S
    assert arrays.times[0] == np.datetime64(first, "s")


def test_finer_counts_are_summed_to_steps_and_converted():
    arrays = energy([0, 1, 3, 6, 10], 1800, panel_unit="Wh")
    assert arrays.values[:, 0].tolist() == [3000, 7000]


def test_a_fall_is_unobserved_and_noted():
    counts = [*range(100, 120), 0, 1, 2]
    arrays = energy(counts)
    assert np.flatnonzero(~arrays.observed[:, 0]).tolist() == [19]
    assert np.nansum(arrays.values) == 21
    assert any("fell once" in note for note in arrays.notes)


def test_a_gap_has_no_energy():
    np.testing.assert_array_equal(energy([1, 2, NAN, 4, 6]).values[:, 0], np.float32([1, NAN, NAN, 2]))


def test_large_counts_keep_small_differences():
    counts = 16_777_216 + 0.25 * np.arange(9)
    assert energy(counts).values[:, 0].tolist() == [0.25] * 8


def test_what_falls_often_is_not_a_register():
    with pytest.raises(Fault, match=r"node 'n0' falls in .* intervals; .* data\.source\.quantity"):
        energy([1, 2] * 20)


def test_a_register_that_never_rises_is_noted():
    assert any("1 register never rises" in note for note in energy([5] * 9).notes)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50), st.booleans())
def test_the_energies_sum_to_the_rise_of_the_register(rises, ends):
    counts = np.concatenate([[123456.0], 123456.0 + np.cumsum(rises)])
    arrays = energy(counts, ends=ends)
    assert arrays.values[:, 0].tolist() == rises
