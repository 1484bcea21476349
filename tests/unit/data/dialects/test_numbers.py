"""Cells become numbers or missing readings; anything else is refused with row and column."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_tables import fault_of, panel_of
from wattshed.data.dialects.missing import missing_cells
from wattshed.data.dialects.numbers import BadCell, NumberReader
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def read(cells, missing=(), **dialect):
    keys = {"decimal": None, "thousands": None, "separator": ","} | dialect
    reader = NumberReader(**keys, missing=missing_cells(missing), where="a.csv")
    column = pa.array(cells)
    reader.decide([column])
    return reader.read(column).tolist()


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", 1), ("-1.5", -1.5), ("+2", 2), (".5", 0.5), ("3.", 3), ("1e3", 1000), (" 4 ", 4), ("007", 7)],
)
def test_numbers_are_read_as_they_are_written(cell, value):
    assert read([cell, "1"]) == [value, 1]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "NaN",
        "nan",
        "null",
        " Null ",
        "NULL",
        "None",
        "-",
        "--",
        "n/e",
        "N/E",
        "N.A.",
        "#N/A N/A",
        "1.#QNAN",
        "\\N",
        "---",
        "\u00a0",
    ],
)
def test_the_usual_texts_are_missing_readings(cell):
    assert np.isnan(read([cell])).all()
    found = read(["1", cell, "2"])
    assert np.isnan(found[1])
    assert found[::2] == [1, 2]


@pytest.mark.parametrize("declared", [-9999, -9999.0, "-9999", "-9999.0"])
@pytest.mark.parametrize("cell", ["-9999", "-9999.0", "-9.999e3", " -9999 "])
def test_a_declared_number_is_missing_however_it_is_written(declared, cell):
    assert np.isnan(read([cell, "-9998"], [declared])).tolist() == [True, False]


def test_declared_numbers_are_missing_among_numbers_of_a_file():
    assert np.isnan(read([-9999.0, 1.0], [-9999])).tolist() == [True, False]
    assert np.isnan(read([-9999, 1], ["-9999"])).tolist() == [True, False]


def test_a_declared_text_is_missing_and_another_is_refused():
    assert np.isnan(read(["no data", "1"], ["No Data"])).tolist() == [True, False]
    with pytest.raises(BadCell, match=r"'void' is not a number.*data\.source\.missing"):
        read(["1", "void"], ["No Data"])


def test_names_are_never_missing(tmp_path):
    text = "".join(
        f"2021-01-01 0{hour}:00,{name},1\n" for hour in range(2) for name in ("NA", "null", "-", "-9999")
    )
    panel = panel_of(tmp_path, f"time,node,value\n{text}", missing=["-9999"])
    assert panel.node_names == ["-", "-9999", "NA", "null"]
    assert panel_of(tmp_path, "time,NA,null\n2021-01-01 00:00,1,2\n").node_names == ["NA", "null"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("x", "'x' is not a number"),
        ("inf", "'inf' is not a number"),
        ("-Infinity", "'-Infinity' is not a number"),
        ("True", "'True' is not a number"),
        ("0x1F", "'0x1F' is not a number"),
        ("1.5 kWh", "'1.5 kWh' is not a number"),
        ("1e39", "1e+39 does not fit 32-bit floats"),
        ("-1e400", "-1e400 does not fit 32-bit floats"),
        ("nan(7)", "'nan(7)' is not a number"),
        ("1_000", "'1_000' is not a number"),
    ],
)
def test_a_cell_that_is_not_a_reading_is_refused_with_row_and_column(tmp_path, cell, says):
    said = fault_of(tmp_path, f"time,a,b\n2021-01-01 00:00,1,2\n\n2021-01-01 01:00,3,{cell}\n")
    assert f"row 4, column 'b': {says}" in said
    assert "data.source.missing" in said


@pytest.mark.parametrize("bad", [True, np.inf, 1e39])
def test_numbers_of_parquet_are_held_to_the_same_rules(tmp_path, bad):
    kind = bool if bad is True else float
    frame = pd.DataFrame(
        {"time": pd.date_range("2021-01-01", periods=2, freq="h"), "a": np.array([0, bad], dtype=kind)}
    )
    frame.to_parquet(tmp_path / "panel.parquet")
    with pytest.raises(Fault, match=r"row [23], column 'a'"):
        load_panel(Settings(path="panel.parquet"), tmp_path)


@given(
    st.lists(st.floats(-1e30, 1e30) | st.none(), min_size=1),
    st.sampled_from([".", ","]),
    st.sampled_from(["", ".", ",", " ", "'"]),
)
def test_every_number_is_read_back(values, decimal, thousands):
    if thousands == decimal:
        thousands = ""
    signs = str.maketrans({",": thousands, ".": decimal})
    written = ["" if value is None else f"{value:,.6f}".translate(signs) for value in values]
    found = read(written, decimal=decimal, thousands=thousands or None, separator=";")
    expected = [np.nan if value is None else round(value, 6) for value in values]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-6)
