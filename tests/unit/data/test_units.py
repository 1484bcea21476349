"""Units of energy and power, and what turns one into the other."""

import pytest

from wattshed.data.units import conversion, duration_s, duration_text, quantity_of, unit_of


@pytest.mark.parametrize(
    ("name", "dimension", "known"),
    [
        ("kWh", "energy", "kWh"),
        ("KWH", "energy", "kWh"),
        ("kw", "power", "kW"),
        ("W", "power", "W"),
        ("MJ", "energy", "MJ"),
        ("mW", None, "mW"),
        ("mwh", None, "mwh"),
        ("VA", None, "VA"),
        ("mph", None, "mph"),
        ("", None, ""),
    ],
)
def test_units_are_known_by_name_and_milli_is_not_mega(name, dimension, known):
    assert (unit_of(name).dimension, unit_of(name).name) == (dimension, known)


@pytest.mark.parametrize(
    ("unit", "panel_unit", "step_s", "factor"),
    [
        ("W", "kWh", 3600, 1e-3),
        ("W", "kWh", 900, 2.5e-4),
        ("kW", "kWh", 1800, 0.5),
        ("kWh", "kW", 900, 4),
        ("kWh", "MWh", 60, 1e-3),
        ("J", "kWh", 3600, 1 / 3.6e6),
        ("MWh", None, 3600, 1),
        ("mph", "mph", 300, 1),
    ],
)
def test_power_times_the_length_of_a_step_is_energy(unit, panel_unit, step_s, factor):
    assert conversion(unit, panel_unit, step_s) == pytest.approx(factor)


def test_a_stated_quantity_comes_before_the_unit():
    assert quantity_of(None, "kW") == "power"
    assert quantity_of("register", "kWh") == "register"
    assert quantity_of(None, "mph") is None


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("15min", 900, "15 min"),
        ("1h", 3600, "1 h"),
        ("8s", 8, "8 s"),
        ("1d", 86400, "24 h"),
        ("90 s", 90, "1.5 min"),
    ],
)
def test_lengths_are_read_and_written(text, seconds, shown):
    assert duration_s(text) == seconds
    assert duration_text(seconds) == (shown if seconds % 60 == 0 or seconds < 60 else "90 s")


@pytest.mark.parametrize("text", ["", "15", "0min", "1.5h", "hourly", "-5min", "15m"])
def test_other_texts_are_not_lengths(text):
    assert duration_s(text) is None
