"""Days on which the clock changes, as files of several habits and orders write them."""

import numpy as np
import pytest

from wattshed.data.clock.zones import labels_of
from written_times import fault_of, local_days, read, texts_of

HOUR_S, DAY_S = 3600, 86_400


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


def test_a_fixed_offset_is_a_clock_that_never_changes():
    found = read(["2021-03-28 02:30", "2021-03-28 03:30"], times_in="+01:00")
    assert texts_of(found.seconds) == ["2021-03-28 01:30:00", "2021-03-28 02:30:00"]


def test_one_hour_of_autumn_is_left_out_where_another_year_has_both():
    hours = [1, 2, 2, 3]
    cells = [f"2020-10-25 0{hour}:00" for hour in hours] + [f"2021-10-31 0{hour}:00" for hour in (1, 2, 3)]
    found = read(cells, times_in="Europe/Madrid")
    assert np.flatnonzero(~found.kept).tolist() == [5]
    assert "data.source.dst" in fault_of(cells[4:], times_in="Europe/Madrid")
    assert read(cells[4:6], times_in="Europe/Madrid").kept.tolist() == [True, False]


def test_a_log_without_a_spacing_is_ordered_by_the_fall_of_its_clock():
    seconds = np.datetime64("2021-10-31T00:00:03", "s").astype(int) + np.cumsum(
        [7, 1300, 1100, 1201, 1500, 1400, 900]
    )
    cells = texts_of(labels_of(seconds, "Europe/Madrid"))
    for order in (slice(None), slice(None, None, -1)):
        found = read(cells[order], times_in="Europe/Madrid", irregular=True)
        np.testing.assert_array_equal(found.seconds, seconds[order])


def test_ends_are_moved_by_the_spacing_of_a_node_and_not_of_all():
    cells = [f"2021-05-13 {hour:02d}:{minute}" for minute in ("00", "30") for hour in range(1, 5)]
    found = read(cells, node=np.repeat([0, 1], 4).astype(np.int32), times_in="UTC", stamp="end")
    assert found.resolution_s == HOUR_S
    assert texts_of(found.seconds)[:5:4] == ["2021-05-13 00:00:00", "2021-05-13 00:30:00"]
    assert "data.source.resolution" in fault_of(cells[:1], times_in="UTC", stamp="end")
    odd = [cells[0], "2021-05-13 01:45", "2021-05-13 02:30"]
    assert "data.source.resolution" in fault_of(odd, times_in="UTC", stamp="end")


@pytest.mark.parametrize(("dst", "says"), [("doubled", "leave out dst"), ("skipped", "leave out dst")])
def test_a_file_with_both_hours_contradicts_dst(dst, says):
    cells = ["2021-10-31 01:00", "2021-10-31 02:00", "2021-10-31 02:00", "2021-10-31 03:00"]
    assert says in fault_of(cells, times_in="Europe/Madrid", dst=dst)


def test_half_an_hour_cannot_be_doubled():
    cells = [f"2021-04-04 0{hour}:30" for hour in range(4)]
    assert "30 min" in fault_of(cells, times_in="Australia/Lord_Howe", dst="doubled")


def test_a_standard_time_that_changed_is_refused():
    cells = ["2016-12-31 23:00", "2017-01-01 00:00"]
    assert "data.source.times_in to its offset" in fault_of(cells, times_in="Europe/Istanbul", dst="none")


def test_a_flag_of_the_repeated_hour_is_read_by_the_order_of_rows():
    cells = ["11/06/2022 01:00", "11/06/2022 02:00", "11/06/2022 02:00 DST", "11/06/2022 03:00"]
    found = read(cells, times_in="America/Chicago", stamp="end", day_first=False)
    assert texts_of(found.seconds) == [f"2022-11-06 0{hour}:00:00" for hour in (5, 6, 7, 8)]
