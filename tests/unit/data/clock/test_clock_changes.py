"""Days on which the clock changes: known instants, written as files write them, are read back or refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.clock.reading import ClockRules, read_instants
from wattshed.data.clock.zones import labels_of, meanings, standard_offsets
from wattshed.foundation.faults import Fault

# Changes in both halves of the year, at midnight, by half an hour, with "negative" summer time, and none.
ZONES = (
    "Europe/Madrid",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Atlantic/Azores",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
HOUR_S, DAY_S = 3600, 86_400


def texts_of(labels):
    return [str(label).replace("T", " ") for label in np.asarray(labels).astype("datetime64[s]")]


def read(cells, numbers=None, node=None, **rules):
    code, texts = pd.factorize(pd.Series(cells))
    rows = np.arange(2, len(code) + 2)
    return read_instants(
        code.astype(np.int32), pd.Series(texts), numbers, node, rows, ClockRules(**rules), "f.csv"
    )


def fault_of(*arguments, **rules):
    with pytest.raises(Fault) as fault:
        read(*arguments, **rules)
    assert "\n" not in str(fault.value)
    return str(fault.value)


def local_days(first, days, zone, length_s=HOUR_S):
    """UTC starts from local midnight on, whole local days."""
    day = np.datetime64(first, "s").astype(int)
    ends = meanings(np.array([day, day + days * DAY_S]), zone).first
    return np.arange(ends[0], ends[1], length_s)


@settings(deadline=None, max_examples=50)
@given(
    zone=st.sampled_from(ZONES),
    year=st.sampled_from([2014, 2017]),
    month=st.sampled_from([2, 3, 4, 10, 11]),
    length_s=st.sampled_from([900, 1800, 3600]),
    newest_first=st.booleans(),
    habit=st.sampled_from(["start", "shifted", "wall"]),
    nodes=st.sampled_from([None, 1, 2]),
)
def test_readings_in_order_are_read_back_or_refused(zone, year, month, length_s, newest_first, habit, nodes):
    seconds = np.datetime64(f"{year}-{month:02d}-01", "s").astype(int) + np.arange(0, 32 * DAY_S, length_s)
    labels = {
        "start": labels_of(seconds, zone),
        "shifted": labels_of(seconds, zone) + length_s,
        "wall": labels_of(seconds + length_s, zone),
    }[habit]
    if newest_first:
        seconds, labels = seconds[::-1], labels[::-1]
    node = None
    if nodes is not None:
        seconds, labels = np.repeat(seconds, nodes), np.repeat(labels, nodes)
        node = np.tile(np.arange(nodes, dtype=np.int32), len(seconds) // nodes)
    stamp = "start" if habit == "start" else "end"
    if zone == "Australia/Lord_Howe" and length_s == HOUR_S:
        # Its clock moves by half an hour, so that hours of the clock are no hours of time.
        return
    found = read(texts_of(labels), node=node, times_in=zone, stamp=stamp)
    assert found.kept.all()
    np.testing.assert_array_equal(found.seconds, seconds)


@settings(deadline=None, max_examples=20)
@given(
    zone=st.sampled_from(ZONES[:4] + ZONES[7:8]),
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


@settings(deadline=None, max_examples=12)
@given(
    zone=st.sampled_from(ZONES[:5] + ZONES[7:8]),
    year=st.sampled_from([2014, 2017]),
    length_s=st.sampled_from([1800, 3600]),
    dst=st.sampled_from(["doubled", "skipped", "none"]),
    stamp=st.sampled_from(["start", "end"]),
)
def test_files_with_24_hours_on_every_day_need_a_key_and_are_read_by_it(zone, year, length_s, dst, stamp):
    first, second = (np.datetime64(f"{year}-{month}", "s").astype(int) for month in ("02-01", "09-01"))
    labels = np.concatenate([start + np.arange(0, 90 * DAY_S, length_s) for start in (first, second)])
    cells = texts_of(labels + (length_s if stamp == "end" else 0))
    said = fault_of(cells, times_in=zone, stamp=stamp)
    assert "data.source.dst" in said
    found = read(cells, times_in=zone, stamp=stamp, dst=dst)
    truth = meanings(labels, zone)
    if dst == "none":
        np.testing.assert_array_equal(found.seconds, labels - standard_offsets(labels, zone)[1][0])
        return
    np.testing.assert_array_equal(found.kept, ~truth.absent)
    np.testing.assert_array_equal(found.seconds[found.kept], truth.first[found.kept])
    np.testing.assert_array_equal(
        found.doubled, truth.twice if dst == "doubled" else np.zeros(len(labels), bool)
    )
    assert truth.twice.sum() * length_s == HOUR_S


def test_hour_ending_rows_of_autumn_are_read_in_both_habits_and_never_as_starts():
    hours = [f"2014-11-02 {hour:02d}:00" for hour in (1, 2, 2, 3)]
    found = read(hours, times_in="America/New_York", stamp="end")
    assert texts_of(found.seconds) == [f"2014-11-02 {hour:02d}:00:00" for hour in (4, 5, 6, 7)]
    wall = read([hours[0], hours[0], hours[1], hours[3]], times_in="America/New_York", stamp="end")
    assert texts_of(wall.seconds) == [f"2014-11-02 {hour:02d}:00:00" for hour in (4, 5, 6, 7)]
    said = fault_of(hours, times_in="America/New_York")
    assert "row 4" in said
    assert "delete" not in said
    assert all(f"data.source.{key}" in said for key in ("stamp", "times_in", "dst"))


def test_an_order_that_tells_nothing_is_refused():
    day = texts_of(labels_of(local_days("2021-10-31", 1, "Europe/Madrid"), "Europe/Madrid"))
    shuffled = np.random.default_rng(0).permutation(day)
    assert "not in order of time" in fault_of(list(shuffled), times_in="Europe/Madrid")
    assert "not in order of time" in fault_of(day[2:4], times_in="Europe/Madrid")


def test_days_may_run_backwards_while_their_hours_run_forwards():
    seconds = local_days("2021-10-29", 5, "Europe/Madrid")
    labels = labels_of(seconds, "Europe/Madrid")
    order = np.lexsort((seconds, -(labels // DAY_S)))
    found = read(texts_of(labels[order]), times_in="Europe/Madrid")
    np.testing.assert_array_equal(found.seconds, seconds[order])


def test_a_reading_that_could_be_either_hour_is_left_out_where_others_have_both():
    seconds = local_days("2021-10-31", 1, "Europe/Madrid")
    cells = texts_of(labels_of(seconds, "Europe/Madrid"))
    cells, node = cells + cells[:3] + cells[4:], np.repeat([0, 1], [25, 24]).astype(np.int32)
    found = read(cells, node=node, times_in="Europe/Madrid")
    assert np.flatnonzero(~found.kept).tolist() == [27]
    assert "1 readings in an hour that Europe/Madrid repeats" in found.notes[0]


@pytest.mark.parametrize(
    ("numbers", "rules", "says"),
    [
        ([1, 26], {}, "row 3: number 26 is not one of a day of 24"),
        ([1, 5], {}, "data.source.hours_from"),
        ([0, 24], {"hours_from": 1}, "row 2: number 0 comes before the first of a day"),
        ([1, 25], {}, "row 3: number 25 of the day 2021-05-13 lies beyond that day"),
    ],
)
def test_numbers_that_a_day_does_not_have_are_refused(numbers, rules, says):
    cells = ["2021-05-13", "2021-05-13"]
    said = fault_of(cells, numbers=np.array(numbers), times_in="Europe/Madrid", number_minutes=60, **rules)
    assert says in said


def test_a_fixed_offset_is_a_clock_that_never_changes():
    found = read(["2021-03-28 02:30", "2021-03-28 03:30"], times_in="+01:00")
    assert texts_of(found.seconds) == ["2021-03-28 01:30:00", "2021-03-28 02:30:00"]
