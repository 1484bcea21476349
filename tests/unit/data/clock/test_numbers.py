"""Numbers of hours and of settlement periods on days on which the clock changes, and on others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.clock.zones import labels_of, meanings
from written_times import fault_of, local_days, read, texts_of

DAY_S = 86_400
ZONES = ("Europe/Madrid", "Europe/London", "Europe/Dublin", "America/New_York", "Australia/Sydney")


@settings(deadline=None, max_examples=20)
@given(
    zone=st.sampled_from(ZONES),
    month=st.sampled_from([3, 4, 10, 11]),
    length_s=st.sampled_from([1800, 3600]),
    first=st.sampled_from([0, 1]),
    elapsed=st.booleans(),
)
def test_numbers_of_hours_and_periods_are_read_back(zone, month, length_s, first, elapsed):
    seconds = local_days(f"2021-{month:02d}-01", 30, zone, length_s)
    labels = labels_of(seconds, zone)
    dates = labels // DAY_S * DAY_S
    number = (seconds - meanings(dates, zone).first if elapsed else labels - dates) // length_s + first
    found = read(
        [text[:10] for text in texts_of(dates)], numbers=number, times_in=zone, number_minutes=length_s // 60
    )
    np.testing.assert_array_equal(found.seconds, seconds)
    assert found.resolution_s == length_s


@pytest.mark.parametrize(
    ("numbers", "rules", "says"),
    [
        ([1, 26], {}, "row 3: number 26 is not one of a day of 24"),
        ([1, 5], {}, "data.source.hours_from"),
        ([0, 24], {"hours_from": 1}, "row 2: number 0 comes before the first of a day"),
        ([1, 25], {}, "row 3: number 25 of the day 2021-05-13 lies beyond that day"),
        ([0, 23], {"stamp": "end"}, "counted from 0 and data.source.stamp is end"),
        ([1, 23], {"stamp": "end", "hours_from": 0}, "data.source.time_column to a list"),
    ],
)
def test_numbers_that_a_day_does_not_have_are_refused(numbers, rules, says):
    cells = ["2021-05-13", "2021-05-13"]
    said = fault_of(cells, numbers=np.array(numbers), times_in="Europe/Madrid", number_minutes=60, **rules)
    assert says in said


@pytest.mark.parametrize(
    ("day", "numbers", "says"),
    [
        ("2021-03-28", [1, 12, 14], "not enough to tell"),
        ("2021-10-31", [1, 12, 14], "not enough to tell"),
        ("2021-10-31", range(1, 25), "every number of a usual day"),
        ("2021-03-28", range(1, 25), "every number of a usual day"),
    ],
)
def test_numbers_of_a_day_of_change_that_could_be_two_things_are_refused(day, numbers, says):
    rules = {"times_in": "Europe/Madrid", "number_minutes": 60, "hours_from": 1}
    cells, numbers = [day] * len(numbers), np.array(numbers)
    said = fault_of(cells, numbers=numbers, **rules)
    assert says in said
    assert "data.source.hour_numbers" in said


def test_hour_24_of_the_clock_is_the_last_of_the_day():
    numbers = np.array([*range(1, 3), *range(4, 25)])
    found = read(["2021-03-28"] * 23, numbers=numbers, times_in="Europe/Madrid", number_minutes=60)
    assert texts_of(found.seconds)[-1] == "2021-03-28 21:00:00"
    assert texts_of(found.seconds)[1:3] == ["2021-03-28 00:00:00", "2021-03-28 01:00:00"]
