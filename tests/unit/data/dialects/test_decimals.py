"""Decimal signs are recognised where cells can mean one number only; else the sentence names the keys."""

import pytest

from user_tables import fault_of, panel_of
from wattshed.data.dialects.decimals import recognise_decimal
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize(
    ("cells", "separator", "decimal"),
    [
        (["1.5", "2"], ",", "."),
        (["1,5", "2"], ";", ","),
        (["0,123", "1,234"], ";", ","),
        (["0.123", "1.234"], ";", "."),
        (["1.234"], ",", "."),
        (["1.234,5"], ";", ","),
        (["1,234.5"], ";", "."),
        (["1,234,567"], ";", "."),
        (["1.234.567"], ";", ","),
        (["2,53807106598985"], ";", ","),
        (["1234,567"], ";", ","),
        (["-1,5e-3"], "\t", ","),
        ([".5"], "|", "."),
        (["1", "-2", "x", "01.02.2021"], ";", None),
        ([], ",", None),
    ],
)
def test_the_sign_is_what_the_cells_say(cells, separator, decimal):
    assert recognise_decimal(cells, separator, "a.csv") == decimal


@pytest.mark.parametrize("cells", [["1,234"], ["1.234"], ["1,234", "2"], ["12,345", "-1,000"]])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_cells_that_can_be_thousands_or_decimals_are_refused(cells, separator):
    with pytest.raises(
        Fault, match=r"a\.csv: a cell '.*' can be \d+ or 1.*data\.source\.decimal .*data\.source\.thousands"
    ):
        recognise_decimal(cells, separator, "a.csv")


def test_a_key_decides_between_thousands_and_decimals(tmp_path):
    text = "time;a\n2021-01-01 00:00;1,234\n2021-01-01 01:00;2,345\n"
    assert "'1,234' can be 1234 or 1.234" in fault_of(tmp_path, text)
    assert panel_of(tmp_path, text, thousands=",").values[:, 0].tolist() == [1234, 2345]
    assert panel_of(tmp_path, text, decimal=",").values[:, 0].tolist() == pytest.approx([1.234, 2.345])


def test_a_quoted_decimal_comma_between_commas_is_read(tmp_path):
    panel = panel_of(tmp_path, 'time,a\n2021-01-01 00:00,"1,5"\n2021-01-01 01:00,"2,25"\n')
    assert panel.values[:, 0].tolist() == [1.5, 2.25]


def test_the_first_sign_may_come_late(tmp_path):
    rows = [f"2021-01-{1 + hour // 24:02d} {hour % 24:02d}:00;0;3" for hour in range(700)]
    panel = panel_of(tmp_path, "\n".join(["time;a;b", *rows, "2021-01-30 04:00;2,5;1"]))
    assert panel.values[-1].tolist() == [2.5, 1]


@pytest.mark.parametrize(
    ("cell", "keys", "value"),
    [
        ("1.234,5", {"thousands": "."}, 1234.5),
        ("1234,5", {"thousands": "."}, 1234.5),
        ("1 234,5", {"thousands": " ", "decimal": ","}, 1234.5),
        ("1\u202f234,5", {"thousands": " ", "decimal": ","}, 1234.5),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("-1.234.567", {"thousands": "."}, -1234567),
    ],
)
def test_stated_thousands_are_taken_out(tmp_path, cell, keys, value):
    text = f"time;a\n2021-01-01 00:00;{cell}\n2021-01-01 01:00;7\n"
    assert panel_of(tmp_path, text, **keys).values[:, 0].tolist() == [value, 7]


@pytest.mark.parametrize(
    ("cell", "keys", "says"),
    [
        ("1.234,5", {}, "data.source.thousands"),
        ("1.23,5", {"thousands": "."}, "'1.23,5' is not a number"),
        ("12.34", {"thousands": "."}, "'12.34' is not a number"),
        ("1.5", {"decimal": ","}, "'1.5' is not a number with the decimal sign ','"),
        ("1,5", {"decimal": "."}, "'1,5' is not a number with the decimal sign '.'"),
        ("1 234", {}, "data.source.thousands"),
    ],
)
def test_a_number_of_another_kind_names_row_column_and_key(tmp_path, cell, keys, says):
    said = fault_of(tmp_path, f"time;a;b\n2021-01-01 00:00;1;2\n2021-01-01 01:00;3;{cell}\n", **keys)
    assert says in said
    assert "row 3, column 'b'" in said
