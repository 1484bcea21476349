"""Cells of times: many shapes are read, and what could be two times is refused with the key that decides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.clock.reading import ClockRules, read_instants
from wattshed.foundation.faults import Fault


def starts(cells, **rules):
    code, texts = pd.factorize(pd.Series(cells))
    rows = np.arange(2, len(code) + 2)
    rules = ClockRules(**{"times_in": "UTC", **rules})
    found = read_instants(code.astype(np.int32), pd.Series(texts), None, None, rows, rules, "f.csv")
    return [str(second.astype("datetime64[s]")) for second in found.seconds], found.resolution_s


def fault_of(cells, **rules):
    with pytest.raises(Fault) as fault:
        starts(cells, **rules)
    assert "\n" not in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize(
    "cells",
    [
        ["2021-05-13 01:00", "2021-05-13 02:00"],
        ["2021-05-13T01:00:00Z", "2021-05-13T02:00:00Z"],
        ["2021-05-13 01:00:00.0000000", "2021-05-13 02:00:00.0000000"],
        ["2021-05-13 03:00+02:00", "2021-05-13 04:00+02:00"],
        ["2021-05-12 19:00:00-06", "2021-05-12 20:00:00-06"],
        ["2021-05-13T01:00:00+0000", "2021-05-13T02:00:00+0000"],
        ["13.05.2021 01:00", "13.05.2021 02:00"],
        ["13/05/2021 01:00", "13/05/2021 02:00"],
        ["13-05-2021 1:00", "13-05-2021 2:00"],
        ["05/13/2021 01:00 AM", "05/13/2021 02:00 am"],
        ["2021/05/13 01:00", "2021/05/13 02:00"],
        ["2021-5-13 1:00", "2021-5-13 2:00"],
        ["13-May-2021 01:00", "13-May-2021 02:00"],
        ["13.05.2021 01:00 - 13.05.2021 02:00", "13.05.2021 02:00 - 13.05.2021 03:00"],
        ["13.05.2021 01:00 – 02:00", "13.05.2021 02:00 – 03:00"],
        ["2021-05-13T01:00Z/2021-05-13T02:00Z", "2021-05-13T02:00Z/2021-05-13T03:00Z"],
        ["13.05.2021 01:00–02:00", "13.05.2021 02:00–03:00"],
        ["2021-05-13 - 01:00", "2021-05-13 - 02:00"],
        ["20210513T0300+0200", "20210513T0400+0200"],
        ["2021-05-13T01Z", "2021-05-13T02Z"],
        ["13.05.2021 01:00 GMT", "13.05.2021 02:00 GMT"],
        ["13.05.2021 00:59:59,997", "13.05.2021 01:59:59,997"],
        ["13 May 2021 01:00", "13 May 2021 02:00"],
        ["May 13, 2021 1:00 AM", "May 13, 2021 2:00 AM"],
        ["05/13/2021 01:00 DST", "05/13/2021 02:00"],
        [" 2021-05-13 01:00 ", "2021-05-13 02:00"],
    ],
)
def test_a_shape_of_times_is_read(cells):
    assert starts(cells) == (["2021-05-13T01:00:00", "2021-05-13T02:00:00"], 3600)


def test_a_time_after_a_hyphen_is_an_end_where_every_end_is_as_far_and_an_offset_where_not():
    hours = [f"2021-05-13 {hour:02d}:00-{hour + 1:02d}:00" for hour in range(24)]
    assert starts(hours)[0][-1] == "2021-05-13T23:00:00"
    offsets = [f"2021-05-13 {hour:02d}:00-05:00" for hour in range(24)]
    assert starts(offsets)[0][0] == "2021-05-13T05:00:00"
    assert "data.source.time_format" in fault_of(hours[:2])
    assert "data.source.time_format" in fault_of(
        [*hours[:4], "2021-05-13 04:00-09:00", "2021-05-13 09:00-13:00"]
    )


def test_a_last_interval_may_end_at_midnight():
    cells = [f"13.05.2021 {hour:02d}:00 - {(hour + 1) % 24:02d}:00" for hour in range(24)]
    assert starts(cells)[1] == 3600
    assert starts([*cells[:-1], "13.05.2021 23:00 - 24:00"])[0][-1] == "2021-05-13T23:00:00"


def test_ends_of_intervals_decide_the_order_of_dates():
    cells = ["12/05/2021 23:00 - 13/05/2021 00:00", "12/05/2021 22:00 - 12/05/2021 23:00"]
    assert starts(cells)[0] == ["2021-05-12T23:00:00", "2021-05-12T22:00:00"]


@pytest.mark.parametrize(
    "cells",
    [
        pd.to_datetime(["2021-05-13 01:00", "2021-05-13 02:00"]),
        pd.to_datetime(["2021-05-13 03:00", "2021-05-13 04:00"]).tz_localize("Europe/Madrid"),
        pd.to_datetime(["2021-05-13 00:59:59.999997", "2021-05-13 02:00:00.000003"]),
    ],
)
def test_datetimes_are_read_to_the_second(cells):
    assert starts(cells)[0] == ["2021-05-13T01:00:00", "2021-05-13T02:00:00"]


def test_midnight_can_be_the_end_of_a_day():
    cells = ["10/31/2021 23:00", "10/31/2021 24:00", "11/01/2021 01:00"]
    assert starts(cells)[0] == ["2021-10-31T23:00:00", "2021-11-01T00:00:00", "2021-11-01T01:00:00"]
    assert starts(["2020-12-31 24:00:00", "2021-01-01 01:00:00"])[0][0] == "2021-01-01T00:00:00"


@pytest.mark.parametrize(("form", "factor"), [("unix", 1), ("unix_ms", 1000)])
@pytest.mark.parametrize("kind", [int, float, str])
def test_seconds_since_1970_are_read_where_the_format_says_so(form, factor, kind):
    cells = [kind(1620867600 * factor), kind(1620871200 * factor)]
    assert starts(cells, time_format=form, times_in="Europe/Madrid")[0] == [
        "2021-05-13T01:00:00",
        "2021-05-13T02:00:00",
    ]
    if kind is not str:
        assert "time_format to unix" in fault_of(cells)


def test_a_stated_format_is_the_only_one():
    assert starts(["210513 0100", "210513 0200"], time_format="%y%m%d %H%M")[1] == 3600
    said = fault_of(["2021-05-13 01:00", "210513 0200"], time_format="%y%m%d %H%M")
    assert "row 2" in said
    assert "%y%m%d %H%M" in said


def test_two_readings_of_a_date_are_refused_unless_one_is_regular():
    assert "data.source.day_first" in fault_of(["01/02/2021 01:00", "01/02/2021 02:00"])
    days = [f"{day:02d}/01/2021" for day in range(1, 13)]
    hours = [f"{day} {hour}:00" for day in days for hour in range(24)]
    assert starts(hours)[0][-1] == "2021-01-12T23:00:00"
    assert starts(days)[0][-1] == "2021-01-12T00:00:00"
    assert starts(["01/02/2021 01:00", "01/02/2021 02:00"], day_first=True)[0][0] == "2021-02-01T01:00:00"
    assert starts(["01/02/2021 01:00", "01/02/2021 02:00"], day_first=False)[0][0] == "2021-01-02T01:00:00"
    assert "data.source.day_first" in fault_of(["13/02/2021", "14/02/2021"], day_first=False)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["2021-05-13 01:00", None], "row 3: the time is empty"),
        (["2021-05-13 01:00", "2021-05-13 02:00Z"], "row 3: time '2021-05-13 02:00Z' has a UTC offset"),
        (["2021-05-13 01:00", "soon"], "row 3: time 'soon' cannot be read"),
        (["2021-02-30 01:00", "2021-03-01 01:00"], "row 2: time '2021-02-30 01:00' cannot be read"),
        (["13.05.2021 25:00", "13.05.2021 02:00"], "a time of day between 00:00 and 24:00"),
        (["13.05.21 01:00", "13.05.21 02:00"], "set data.source.time_format"),
        (["0021-05-13 01:00", "2021-05-13 02:00"], "0021-05-13 01:00"),
        (["01/13/2021 1:00", "01/13/2021 1:00 PM"], "expected AM or PM as in other rows"),
        (["1620867600", "1620871200"], "unix"),
        (["13.05.2021 02:00 - 13.05.2021 01:00"] * 2, "ends before it begins"),
        (["2021-05-13 01:00", " "], "row 3: the time is empty"),
        ([], "f.csv has no rows"),
        ([44329.0, 44329.5], "is a number"),
    ],
)
def test_bad_times_are_refused_with_their_row(cells, says):
    assert says in fault_of(cells)


@pytest.mark.parametrize("form", ["mixed", "ISO8601", "%Y-%m-%d %H:%M %Z"])
def test_a_format_that_would_guess_is_refused(form):
    assert "data.source.times_in" in fault_of(
        ["2021-05-13 01:00 CET", "2021-05-13 02:00 CET"], time_format=form
    )


def test_whole_numbers_are_read_by_a_stated_format():
    assert starts([20210513.0, 20210514.0], time_format="%Y%m%d")[0][0] == "2021-05-13T00:00:00"
    assert starts([20210513, 20210514], time_format="%Y%m%d")[1] == 86_400


def test_dates_that_many_rows_share_need_a_column_of_times():
    assert "data.source.hour_column" in fault_of(["2021-05-13", "2021-05-13", "2021-05-14", "2021-05-14"])


FORMS = (
    *(
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y%m%dT%H%M",
        "%Y/%m/%d %H:%M",
        "%Y.%m.%d %H:%M",
        "%d.%m.%Y %H:%M",
    ),
    *(
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d-%m-%Y %H:%M:%S",
        "%d-%b-%Y %H:%M",
        "%b %d, %Y %I:%M %p",
    ),
    *(
        "%d %B %Y %H:%M",
        "%Y-%m-%dT%H:%M:%SZ",
        "%d/%m/%Y %H:%M+00:00",
        "%Y-%m-%d %H:%M UTC",
        "%Y-%m-%d %H:%M:%S.0000000",
    ),
)


@settings(deadline=None, max_examples=60)
@given(
    form=st.sampled_from(FORMS),
    first=st.integers(0, 60 * 24),
    step_min=st.sampled_from([5, 15, 30, 60]),
    count=st.integers(2, 400),
)
def test_times_of_any_shape_are_read_back_or_refused_with_the_key_that_decides(form, first, step_min, count):
    minutes = np.datetime64("2021-02-01", "m") + 60 * first + step_min * np.arange(count)
    cells = list(pd.DatetimeIndex(minutes).strftime(form))
    try:
        found = starts(cells)
    except Fault as fault:
        if "data.source.day_first" not in str(fault):
            raise
        found = starts(cells, day_first=form.startswith("%d"))
    assert found == ([str(minute.astype("datetime64[s]")) for minute in minutes], 60 * step_min)
