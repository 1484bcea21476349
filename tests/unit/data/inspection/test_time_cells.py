"""Cells that name times are told apart and read as written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.inspection.evidence.time_cells import read_times


@pytest.mark.parametrize(
    ("texts", "kind", "first"),
    [
        (["2021-03-01 13:00", "2021-03-01 14:00"], "time", "2021-03-01T13:00"),
        (["2012-10-12 00:30:00.0000000"], "time", "2012-10-12T00:30"),
        (["2021-03-01T13:00:00Z"], "time", "2021-03-01T13:00"),
        (["01.03.2021 13:00", "31.03.2021 13:00"], "time", "2021-03-01T13:00"),
        (["03/31/2021 1:00 PM", "03/01/2021 1:00 AM"], "time", "2021-03-31T13:00"),
        (["01-Mar-2021"], "date", "2021-03-01"),
        (["20210301"], "date", "2021-03-01"),
        (["24:00", "01:00"], "of_day", "1970-01-02"),
        (["01.01.2021 00:00 - 01.01.2021 01:00"], "interval", "2021-01-01"),
        (["2021-01-01 00:00 - 00:30"], "interval", "2021-01-01"),
        (["1614603600", "1614607200"], "unix", "2021-03-01T13:00"),
        (["1614603600000"], "unix_ms", "2021-03-01T13:00"),
        (["11/07/2021 02:00 DST", "11/07/2021 13:00"], "time", "2021-11-07T02:00"),
    ],
)
def test_kinds_of_times(texts, kind, first):
    day_first = False if "11/07/2021 13:00" in texts else None
    cells = read_times(texts, day_first)
    assert (cells.kind, cells.wall[0]) == (kind, np.datetime64(first, "s"))


@pytest.mark.parametrize("texts", [["home 1", "home 2"], ["12.5", "13"], [], ["31/13/2021", "13/31/2021"]])
def test_other_texts_are_no_times(texts):
    assert read_times(texts) is None


def test_the_length_of_intervals_and_24_h_are_seen():
    cells = read_times(["01.01.2021 23:30 - 02.01.2021 00:00", "01.01.2021 23:00 - 01.01.2021 23:30"])
    assert cells.length_s == 1800
    assert read_times(["2021/01/01 24:00"]).has_24


def test_dates_that_two_readings_fit_are_ambiguous():
    cells = read_times(["01/02/2021", "02/02/2021"])
    assert cells.ambiguous
    assert read_times(["01/02/2021", "13/02/2021"]).day_first is True
    assert read_times(["01/02/2021", "02/13/2021"]).day_first is False


@settings(max_examples=50)
@given(
    st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2090-01-01")),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d-%b-%Y %H:%M:%S"]),
    st.sampled_from(["", "+01:00", "-06", "Z"]),
)
def test_a_written_time_is_read_back(moment, form, offset):
    moment = moment.replace(microsecond=0)
    cells = read_times([moment.strftime(form) + offset], day_first="%d." in form)
    assert cells.wall[0] == np.datetime64(moment, "s")
    assert cells.aware is bool(offset)
    if offset:
        assert cells.offset_s[0] == {"+01:00": 3600, "-06": -21600, "Z": 0}[offset]
