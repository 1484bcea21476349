"""Times that name the last second or minute of a reading are not taken for its start."""

import numpy as np
import pandas as pd
import pytest

from user_tables import written
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def table(folder, first, minutes=60, count=6, offset=""):
    times = np.datetime64(first, "s") + np.timedelta64(minutes, "m") * np.arange(count)
    written(
        folder, "time,a\n" + "".join(f"{time}{offset},{place}\n" for place, time in enumerate(times)), "t.csv"
    )


def load(folder, **keys):
    return load_panel(Settings(path="t.csv", **keys), folder)


@pytest.mark.parametrize(
    ("first", "minutes", "offset"),
    [
        ("2021-01-04T00:59:59", 60, ""),
        ("2021-01-04T00:59:00", 60, ""),
        ("2021-01-04T00:14:59", 15, ""),
        ("2021-01-04T00:04:00", 5, ""),
        ("2021-01-04T00:59:59", 60, "Z"),
    ],
    ids=["second of an hour", "minute of an hour", "second of a quarter", "minute of five", "with an offset"],
)
def test_the_last_moment_is_refused_or_moved_to_the_start(first, minutes, offset, tmp_path):
    table(tmp_path, first, minutes, offset=offset)
    keys = {"resolution": f"{minutes}min", "step_minutes": minutes}
    with pytest.raises(Fault, match=r"t\.csv: all times lie .* set data\.source\.stamp to end or start\."):
        load(tmp_path, **keys)
    panel = load(tmp_path, stamp="end", **keys)
    assert panel.times[0] == np.datetime64("2021-01-04T00:00:00")
    assert panel.values[:, 0].tolist() == list(range(6))
    assert load(tmp_path, stamp="start", **keys).times[0] == np.datetime64(first)


def test_times_beside_the_hour_of_the_calendar_are_noted(tmp_path):
    table(tmp_path, "2021-01-04T00:30:00")
    panel = load(tmp_path)
    assert panel.times[0] == np.datetime64("2021-01-04T00:30:00")
    assert panel.notes == ("Steps begin 1800 s after those of the local clock, as the readings do.",)
    assert load(tmp_path, times_in="UTC", timezone="Asia/Kolkata").notes == ()


def test_a_date_that_does_not_exist_is_named(tmp_path):
    written(tmp_path, "time,a\n2021-02-28 23:00,1\n2021-02-29 00:00,2\n", "t.csv")
    with pytest.raises(Fault, match=r"row 3: time '2021-02-29 00:00' .* a day that exist"):
        load(tmp_path)


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d%b%Y:%H:%M:%S", "%Y-%m-%dT%H:%M:%S.000"]
)
def test_minutes_that_are_24_are_not_the_end_of_a_day(form, tmp_path):
    times = pd.date_range("2021-01-14 13:00", periods=40, freq="4min")
    written(tmp_path, "time,a\n" + "".join(f"{time:{form}},1\n" for time in times), "t.csv")
    panel = load(tmp_path, unit="W", resolution="irregular", step_minutes=20)
    assert panel.times[0] == np.datetime64("2021-01-14T13:00:00")
    assert panel.observed[:, 0].tolist() == [True] * 8


def test_a_day_may_end_with_24_after_a_colon(tmp_path):
    written(tmp_path, "time,a\n01JAN2021:23:00:00,1\n01JAN2021:24:00:00,2\n", "t.csv")
    assert load(tmp_path).times.tolist() == [
        np.datetime64(f"2021-01-0{d}", "s").item() for d in ("1T23:00", "2T00:00")
    ]


def test_an_offset_that_no_zone_has_is_refused(tmp_path):
    written(tmp_path, "time,a\n2021-01-04T00:00+99:00,1\n2021-01-04T01:00+99:00,2\n", "t.csv")
    with pytest.raises(Fault, match=r"row 2: .* an offset from UTC of at most 14 hours"):
        load(tmp_path)


def test_a_first_time_in_the_doubled_hour_needs_its_offset(tmp_path):
    written(tmp_path, "a\n1\n2\n", "t.csv")
    keys = {"resolution": "1h", "timezone": "Europe/Madrid"}
    with pytest.raises(Fault, match="comes twice in Europe/Madrid"):
        load(tmp_path, first_time="2021-10-31 02:00", **keys)
    panel = load(tmp_path, first_time="2021-10-31 02:00+01:00", **keys)
    assert panel.times[0] == np.datetime64("2021-10-31T01:00:00")
