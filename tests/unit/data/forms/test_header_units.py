"""A unit in the names of columns must be that of the config."""

import pytest

from user_tables import fault_of, panel_of
from wattshed.data.forms.header_units import unit_in

TIMES = ("2021-01-01 00:00", "2021-01-01 01:00")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("power_kW", "kW"),
        ("KWH/hh (per half hour)", "kWh"),
        ("consumo_kWh", "kWh"),
        ("Load [MW]", "MW"),
        ("PJME_MW", "MW"),
        ("home 7", None),
        ("award", None),
        ("kW and kWh", None),
    ],
)
def test_a_unit_is_a_word_of_its_own(name, unit):
    assert unit_in(name) == unit


@pytest.mark.parametrize("header", ["time,node,power_kW", "time,a_kW,b_kW", "Datetime,PJME_kw"])
def test_another_unit_than_that_of_the_config_is_refused(tmp_path, header):
    cells = ["a", "1"] if "node" in header else ["1"] * header.count(",")
    text = "\n".join([header, *(",".join([time, *cells]) for time in TIMES)])
    said = fault_of(tmp_path, text)
    assert "names the unit kW, and data.source.unit is kWh" in said
    assert panel_of(tmp_path, text, unit="kW").unit == "kW"


def test_one_of_many_nodes_may_be_called_like_a_unit(tmp_path):
    text = "\n".join(["time,W,E", *(f"{time},1,2" for time in TIMES)])
    assert panel_of(tmp_path, text).node_names == ["W", "E"]
    assert panel_of(tmp_path, text, unit="mph").unit == "mph"
