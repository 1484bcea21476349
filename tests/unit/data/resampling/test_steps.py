"""Readings become sums or means of whole steps; what is not covered whole is unobserved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_readings import START_S, arrays_of, readings_of
from wattshed.foundation.faults import Fault

NAN = np.nan


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [3, 7]),
        ({"unit": "kW"}, [1.5, 3.5]),
        ({"quantity": "level", "unit": "mph"}, [1.5, 3.5]),
        ({"unit": "kW", "panel_unit": "kWh"}, [1.5, 3.5]),
        ({"unit": "W", "panel_unit": "kWh"}, [0.0015, 0.0035]),
        ({"unit": "kWh", "panel_unit": "kW"}, [3, 7]),
        ({"unit": "kWh", "panel_unit": "Wh"}, [3000, 7000]),
        ({"unit": "J", "panel_unit": "Wh"}, [3 / 3600, 7 / 3600]),
        ({"unit": "kWh", "step_minutes": 30}, [1, 2, 3, 4]),
        ({"unit": "kWh", "panel_unit": "kW", "step_minutes": 30}, [2, 4, 6, 8]),
        ({"unit": "MW", "panel_unit": "kWh", "step_minutes": 30}, [500, 1000, 1500, 2000]),
    ],
)
def test_half_hours_become_steps_of_their_quantity_and_unit(keys, expected):
    arrays = arrays_of(readings_of([1, 2, 3, 4]), **keys)
    np.testing.assert_allclose(arrays.values[:, 0], expected, rtol=1e-6)
    assert arrays.observed.all()
    assert (np.diff(arrays.times).astype(int) == 60 * keys.get("step_minutes", 60)).all()


@pytest.mark.parametrize(
    ("resolution_s", "step"), [(300, 60), (300, 15), (600, 20), (60, 5), (1, 5), (3600, 60)]
)
def test_any_part_of_a_step_is_summed(resolution_s, step):
    count = 60 * step // resolution_s
    arrays = arrays_of(readings_of(np.ones(3 * count), resolution_s), step_minutes=step)
    assert arrays.values[:, 0].tolist() == [count] * 3


def test_a_step_that_lacks_a_reading_is_unobserved_also_at_the_ends():
    late = readings_of([1, 2, 3, NAN, 5, 6, 7], start_s=START_S + 1800)
    arrays = arrays_of(late)
    np.testing.assert_array_equal(arrays.values[:, 0], np.float32([NAN, 5, NAN, 13]))
    assert arrays.times[0] == np.datetime64(START_S, "s")
    early = arrays_of(readings_of([1, 2, 3]))
    np.testing.assert_array_equal(early.values[:, 0], np.float32([3, NAN]))


def test_readings_without_a_known_quantity_are_not_resampled():
    with pytest.raises(Fault, match=r"readings of 30 min become steps of 1 h.*'mph'.*data\.source\.quantity"):
        arrays_of(readings_of([1, 2]), unit="mph")
    assert arrays_of(readings_of([1, 2], 3600), unit="mph").values[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("zone", "first"),
    [("Asia/Kolkata", "18:30"), ("Asia/Kathmandu", "18:15"), ("Australia/Adelaide", "14:30")],
)
def test_steps_follow_the_hours_of_the_local_clock(zone, first):
    """Local midnight is not a whole hour of UTC there."""
    start = int(np.datetime64(f"2021-06-01T{first}", "s").astype(int))
    arrays = arrays_of(readings_of(np.ones(16), 900, start_s=start), timezone=zone)
    assert arrays.times[0] == np.datetime64(start, "s")
    assert arrays.values[:, 0].tolist() == [4] * 4


def test_an_hourly_file_keeps_the_minute_at_which_it_starts():
    arrays = arrays_of(readings_of([1, 2], 3600, start_s=START_S + 1800), timezone="UTC")
    assert arrays.times[0] == np.datetime64(START_S + 1800, "s")
    assert arrays.values[:, 0].tolist() == [1, 2]


def test_readings_beside_the_local_hour_make_steps_beside_it_and_a_note():
    arrays = arrays_of(readings_of(np.ones(8), 900, start_s=START_S + 300))
    assert arrays.times[0] == np.datetime64(START_S + 300, "s")
    assert arrays.values[:, 0].tolist() == [4, 4]
    assert any("300 s after" in note for note in arrays.notes)


@pytest.mark.parametrize(("keys", "values"), [({}, [1, 3, 3, 5, 6]), ({"unit": "kW"}, [1, 3, 3, 5, 6])])
def test_a_reading_of_two_hours_is_split_evenly_and_counts_as_imputed(keys, values):
    """UCI's file sums both autumn hours, of power as well."""
    seconds = START_S + 3600 * np.array([0, 1, 3, 4])
    part = readings_of([1, 6, 5, 6], 3600, seconds=seconds, doubled=[False, True, False, False])
    arrays = arrays_of(part, **keys)
    assert arrays.values[:, 0].tolist() == values
    assert arrays.observed[:, 0].tolist() == [True, False, False, True, True]
    assert any("split evenly" in note for note in arrays.notes)


def test_quarter_hours_of_two_hours_are_split_as_well():
    seconds = START_S + np.concatenate([900 * np.arange(4), 7200 + 900 * np.arange(4)])
    part = readings_of([2, 4, 6, 8, 1, 1, 1, 1], 900, seconds=seconds, doubled=[True] * 4 + [False] * 4)
    arrays = arrays_of(part)
    assert arrays.values[:, 0].tolist() == [10, 10, 4]
    assert arrays.observed[:, 0].tolist() == [False, False, True]


def test_a_reading_of_two_hours_may_be_the_last():
    part = readings_of([1, 6], 3600, doubled=[False, True])
    assert arrays_of(part).values[:, 0].tolist() == [1, 3, 3]


def test_rows_that_the_clock_skips_are_left_out():
    part = readings_of(
        [1, 99, 2], 3600, seconds=START_S + 3600 * np.array([0, 1, 1]), kept=[True, False, True]
    )
    assert arrays_of(part).values[:, 0].tolist() == [1, 2]


def test_the_rows_need_no_order_and_a_note_says_so():
    seconds = START_S + 1800 * np.array([3, 0, 2, 1])
    arrays = arrays_of(readings_of([4, 1, 3, 2], seconds=seconds))
    assert arrays.values[:, 0].tolist() == [3, 7]
    assert any("were sorted" in note for note in arrays.notes)
    assert not any("were sorted" in note for note in arrays_of(readings_of([1, 2])).notes)


@given(
    values=st.lists(st.lists(st.floats(0, 1e6) | st.none(), min_size=2, max_size=2), min_size=1, max_size=12),
    shift=st.integers(0, 11),
    mean=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_long_and_wide_readings_give_the_sums_of_python(values, shift, mean, order):
    table = np.array([[NAN if cell is None else cell for cell in row] for row in values])
    count = len(table)
    start = START_S + 300 * shift
    rows = list(range(2 * count))
    order.shuffle(rows)
    long = readings_of(
        table.reshape(-1)[rows],
        300,
        seconds=(start + 300 * np.repeat(np.arange(count), 2))[rows],
        node=np.tile([0, 1], count)[rows],
    )
    wide = readings_of(table, 300, start_s=start)
    keys = {"unit": "kW" if mean else "kWh", "step_minutes": 15}
    first, second = arrays_of(long, **keys), arrays_of(wide, **keys)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.times, second.times)
    padded = np.full((3 * len(first.times), 2), NAN)
    begin = int((start - first.times[0].astype(int)) // 300)
    padded[begin : begin + count] = table
    expected = padded.reshape(-1, 3, 2).sum(axis=1) / (3 if mean else 1)
    np.testing.assert_allclose(first.values, expected, rtol=1e-6, atol=1e-30)
    np.testing.assert_array_equal(first.observed, ~np.isnan(expected))
