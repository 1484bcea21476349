"""Readings are put on a full hourly UTC axis; clock changes are not gaps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.readers.hourly import hours_of, utc_seconds
from wattshed.foundation.faults import Fault

MADRID = "Europe/Madrid"


def column(*texts: str | None) -> pd.Series:
    return pd.to_datetime(pd.Series(texts, index=range(2, len(texts) + 2))).astype("datetime64[s]")


def as_utc(*texts: str, zone: str = MADRID) -> list[str]:
    return [str(np.datetime64(int(s), "s")) for s in utc_seconds(column(*texts), zone, "file.csv")]


def test_local_times_become_utc():
    assert as_utc("2021-01-01 00:00", "2021-07-01 00:00") == ["2020-12-31T23:00:00", "2021-06-30T22:00:00"]


def test_the_skipped_spring_hour_is_not_a_gap():
    seconds = utc_seconds(column("2021-03-28 01:00", "2021-03-28 03:00"), MADRID, "file.csv")
    axis, hour = hours_of(seconds, pd.RangeIndex(2, 4), "file.csv")
    assert len(axis) == 2
    assert hour.tolist() == [0, 1]


def test_the_repeated_autumn_hour_becomes_two_hours():
    assert as_utc("2021-10-31 01:00", "2021-10-31 02:00", "2021-10-31 02:00", "2021-10-31 03:00") == [
        "2021-10-30T23:00:00",
        "2021-10-31T00:00:00",
        "2021-10-31T01:00:00",
        "2021-10-31T02:00:00",
    ]


def test_a_single_reading_of_the_repeated_hour_counts_as_the_first():
    assert as_utc("2021-10-31 02:00") == ["2021-10-31T00:00:00"]


def test_a_third_reading_of_the_repeated_hour_is_refused():
    times = column(*["2021-10-31 02:00"] * 3)
    with pytest.raises(Fault, match="row 4: a second reading"):
        hours_of(utc_seconds(times, MADRID, "file.csv"), times.index, "file.csv")


@settings(max_examples=30, deadline=None)
@given(
    first=st.datetimes(
        pd.Timestamp("1990-01-01").to_pydatetime(), pd.Timestamp("2035-01-01").to_pydatetime()
    ),
    zone=st.sampled_from([MADRID, "America/Los_Angeles", "Australia/Sydney", "UTC", "Asia/Kolkata"]),
)
def test_a_year_of_local_clock_times_becomes_the_true_utc_hours(first, zone):
    """The local times that a meter prints, with or without clock changes, give the true hours."""
    true = pd.date_range(pd.Timestamp(first).floor("h"), periods=8784, freq="h", tz="UTC")
    times = pd.Series(true.tz_convert(zone).tz_localize(None))
    expected = true.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)
    # The first may be the second half of a repeated hour, which cannot be known.
    assert (utc_seconds(times, zone, "file.csv") == expected)[1:].all()


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            ("2021-03-28 02:30", "2021-03-28 03:30"),
            "row 2: local time 2021-03-28 02:30:00 does not exist in Europe/M",
        ),
        (("2021-01-01 00:00", None), "row 3: the time is empty"),
    ],
)
def test_bad_times_are_reported_with_their_row(texts, says):
    with pytest.raises(Fault) as fault:
        utc_seconds(column(*texts), MADRID, "file.csv")
    assert says in str(fault.value)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            ("2021-01-01 00:00", "2021-01-01 00:15"),
            "row 3: 2021-01-01 00:15:00 UTC is not a whole number of hours",
        ),
        (("2021-01-01 00:00", "2021-01-01 00:00"), "row 3: a second reading at 2021-01-01 00:00:00 UTC"),
        (("1821-01-01 00:00", "2021-01-01 00:00"), "look for a mistyped date"),
    ],
)
def test_readings_that_are_not_hourly_are_refused(texts, says):
    times = column(*texts)
    with pytest.raises(Fault) as fault:
        hours_of(utc_seconds(times, "UTC", "file.csv"), times.index, "file.csv")
    assert says in str(fault.value)
