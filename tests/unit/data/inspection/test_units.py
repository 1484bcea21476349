"""Units are read from names, and only where a name states one."""

import pytest

from wattshed.data.inspection.evidence.units import quantity_of, unit_in, unit_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Actual Total Load [MW] - BZN|ES", "MW"),
        ("KWH/hh (per half hour)", "kWh"),
        ("AEP_MW", "MW"),
        ("consumo_kWh", "kWh"),
        ("Power (W)", "W"),
        ("load_mw", "MW"),
        ("energy Wh", "Wh"),
        ("speed [mph]", "mph"),
        ("W", None),
        ("power mW", None),
        ("Wednesday", None),
        ("kWhatever", None),
        ("J", None),
        ("home", None),
    ],
)
def test_units_in_names(name, unit):
    assert unit_in(name) == unit


def test_two_units_are_not_one():
    unit, why = unit_of(["a [kW]", "b [W]"], [])
    assert unit is None
    assert "'a [kW]' says kW" in why


def test_the_file_s_name_comes_last():
    assert unit_of(["a", "b"], ["homes_kWh.csv"]) == ("kWh", "the file's name 'homes_kWh.csv'")
    assert unit_of(["a [W]"], ["homes_kWh.csv"])[0] == "W"
    assert unit_of(["a"], ["x.csv"])[0] is None


def test_what_units_are():
    assert [quantity_of(unit) for unit in ("kWh", "MW", "mph")] == ["energy", "power", "level"]
