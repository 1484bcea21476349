"""Changes of clocks, and what names say about zones."""

import numpy as np
import pytest

from wattshed.data.inspection.evidence.zones import changes_of, clock_in_name, countries_in, country_in

YEAR = tuple(int(np.datetime64(day, "s").astype(np.int64)) for day in ("2021-01-01", "2022-01-01"))


@pytest.mark.parametrize(
    ("zone", "spring", "autumn"),
    [
        ("Europe/Madrid", "2021-03-28T02:00", "2021-10-31T02:00"),
        ("Europe/London", "2021-03-28T01:00", "2021-10-31T01:00"),
        ("America/New_York", "2021-03-14T02:00", "2021-11-07T01:00"),
    ],
)
def test_the_hours_that_are_left_out_and_that_come_twice(zone, spring, autumn):
    forward, back = changes_of(zone, *YEAR)
    assert (forward.forward, back.forward) == (True, False)
    assert np.datetime64(forward.begins, "s") == np.datetime64(spring)
    assert np.datetime64(back.begins, "s") == np.datetime64(autumn)
    assert forward.ends - forward.begins == back.ends - back.begins == 3600


def test_half_an_hour_and_no_change():
    assert {change.ends - change.begins for change in changes_of("Australia/Lord_Howe", *YEAR)} == {1800}
    assert changes_of("Asia/Tokyo", *YEAR) == ()


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("Time (CET/CEST)", "Europe/Brussels"),
        ("utc_timestamp", "UTC"),
        ("MTU (UTC)", "UTC"),
        ("cet_cest_timestamp", "Europe/Brussels"),
        ("Time (CET)", "+01:00"),
        ("time", None),
        ("outcome", None),
    ],
)
def test_clocks_in_names(name, clock):
    assert clock_in_name(name) == clock


def test_countries_in_names():
    assert country_in(["Load [MW] - BZN|ES"]) == "Europe/Madrid"
    assert country_in(["ES0021000000000001AA", "ES0021000000000002BB"]) == "Europe/Madrid"
    assert country_in(["DE_load", "FR_load"]) is None
    assert country_in(["home 1"]) is None
    assert countries_in(["FR", "BE"]) == ("Europe/Paris", "Europe/Brussels")
    assert countries_in(["FR", "home"]) == ()
