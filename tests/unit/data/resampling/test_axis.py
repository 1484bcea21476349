"""Readings must lie on one grid; what does not is named by file and row."""

import numpy as np
import pytest

from made_readings import START_S, readings_of
from wattshed.data.resampling.axis import make_axis
from wattshed.foundation.faults import Fault

NAN = np.nan


def axis_of(*parts, step_s=3600):
    return make_axis(list(parts), step_s, "UTC")[0]


@pytest.mark.parametrize(
    ("resolution_s", "step_s", "says"),
    [
        (86_400, 3600, "typical spacing is 24 h, expected 1 h.*bring a file with shorter readings"),
        (7200, 3600, "typical spacing is 2 h, expected 1 h"),
        (3600, 900, "typical spacing is 1 h, expected 15 min.*set data.source.step_minutes to 60"),
        (420, 3600, "typical spacing is 7 min, which does not divide the step of 1 h.*irregular"),
        (7, 3600, "typical spacing is 7 s, which does not divide"),
    ],
)
def test_readings_that_steps_cannot_be_made_of_are_refused(resolution_s, step_s, says):
    with pytest.raises(Fault, match=rf"panel\.csv: {says}"):
        axis_of(readings_of([1, 2, 3], resolution_s), step_s=step_s)


@pytest.mark.parametrize("wrong", [0, 2, 4])
def test_a_reading_between_the_others_is_named_wherever_it_is(wrong):
    seconds = START_S + 3600 * np.arange(5)
    seconds[wrong] += 60
    with pytest.raises(Fault, match=rf"row {wrong + 2}: .* lies between the other readings.*spacing is 1 h"):
        axis_of(readings_of(np.ones(5), 3600, seconds=seconds))


def test_a_row_without_a_reading_may_lie_anywhere():
    seconds = START_S + np.array([0, 1800, 2457, 3600])
    axis, notes = make_axis([readings_of([1, 2, NAN, 3], seconds=seconds)], 3600, "UTC")
    assert axis.length == 4
    assert notes == ("1 rows without a reading lie between the others; they were left out.",)


@pytest.mark.parametrize("far", [-(10**10), 10**10 // 3600 * 3600])
def test_a_mistyped_year_does_not_make_an_endless_axis(far):
    seconds = START_S + 3600 * np.arange(50)
    seconds[7] = START_S + far // 3600 * 3600
    with pytest.raises(Fault, match=r"span .* look for a mistyped date"):
        axis_of(readings_of(np.ones(50), 3600, seconds=seconds))


def test_files_of_two_resolutions_are_refused_by_name():
    with pytest.raises(Fault, match=r"b\.csv: typical spacing is 1 h and in a\.csv 30 min"):
        axis_of(readings_of([1, 2], 1800, path="a.csv"), readings_of([1, 2], 3600, path="b.csv"))


def test_a_file_of_one_time_has_the_length_of_a_step():
    assert axis_of(readings_of([1], 0)).length == 1
    assert axis_of(readings_of([1, 2], 1800), readings_of([1], 0, start_s=START_S + 7200)).per_step == 2
