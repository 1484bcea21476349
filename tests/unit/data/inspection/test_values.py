"""What inspect says of readings: sentinels as the file has them, zeros that may be missing ones, and units."""

import numpy as np
import pytest

from own_tables import months, write
from wattshed.data.inspection.proposal import propose
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings

DECIDED = {"unit": "kWh", "timezone": "Europe/Madrid", "times_in": "UTC"}


def proposed(table, folder, given, name="load.csv"):
    path = write(table, folder / name)
    return propose([path], str(path), given)


def topics(proposal):
    return {finding.topic: finding for finding in proposal.findings}


@pytest.mark.parametrize("code", [-9223372036854775808, -2147483648, 4294967295, -9999.9])
def test_a_sentinel_is_listed_with_all_its_digits(code, tmp_path):
    """Rounded to seven digits it would not be the file's number, and would be read as a load."""
    table = months()
    column = table.columns[-1]
    table[column] = table[column].astype(object)
    table.iloc[100:110, -1] = code
    block = proposed(table, tmp_path, DECIDED).block
    assert block["missing"] == [code]
    panel = load_panel(Settings(**block), tmp_path)
    assert (~panel.observed).sum() == 10
    assert np.abs(panel.values[panel.observed]).max() < 1e4


def test_zeros_far_below_all_other_readings_are_told_but_not_decided(tmp_path):
    table = months()
    table.iloc[:, -1] = np.random.default_rng(1).normal(60, 2, len(table)).round(2)
    table.iloc[50:70, -1] = 0
    columns = [table.columns[0], table.columns[-1]]
    found = proposed(table[columns], tmp_path, DECIDED)
    assert topics(found)["zeros"].warns
    assert "0 comes 20 times" in topics(found)["zeros"].says
    assert "missing" not in found.block
    assert "zeros" not in topics(proposed(table[columns], tmp_path, {**DECIDED, "missing": [0]}))
    table.iloc[:, -1] *= np.linspace(0, 1, len(table))
    assert "zeros" not in topics(proposed(table[columns], tmp_path, DECIDED))


def test_what_is_neither_energy_nor_power_is_among_the_units_that_are_asked_for(tmp_path):
    given = {key: value for key, value in DECIDED.items() if key != "unit"}
    asked = proposed(months(), tmp_path, given)
    (unit,) = asked.undecided
    assert "mph" in [value for value, _ in unit.others]
    assert proposed(months(), tmp_path, {**given, "unit": "mph"}).block["quantity"] == "level"
