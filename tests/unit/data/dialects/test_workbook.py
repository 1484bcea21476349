"""Workbooks: one sheet is a table, where the extra ``excel`` is installed."""

import datetime
import sys

import numpy as np
import pytest

from user_tables import fault_of
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault

DAY = datetime.datetime(2021, 1, 1)


def book(folder, **sheets):
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(folder / "panel.xlsx")


def hours(*cells):
    return [[DAY + datetime.timedelta(hours=place), *row] for place, row in enumerate(cells)]


def load(folder, **keys):
    return load_panel(Settings(path="panel.xlsx", **keys), folder)


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    said = fault_of(tmp_path, b"PK\x03\x04", "panel.xlsx")
    assert "pip install 'wattshed[excel]'" in said


def test_a_sheet_is_read_like_a_text(tmp_path):
    book(tmp_path, data=[["time", "a", "b"], *hours((1, "2,5"), (None, 3), ("n/e", "4"))])
    panel = load(tmp_path, decimal=",")
    assert panel.node_names == ["a", "b"]
    np.testing.assert_array_equal(panel.values, np.float32([[1, 2.5], [np.nan, 3], [np.nan, 4]]))


def test_rows_above_the_header_and_blank_rows_are_passed_over(tmp_path):
    book(
        tmp_path,
        data=[["Load of 2021"], [], ["time", "a"], *hours((1,), (2,)), [], *hours((), (), ("x",))[2:]],
    )
    with pytest.raises(Fault, match=r"panel\.xlsx: row 7, column 'a': 'x' is not a number"):
        load(tmp_path, skip_rows=1)


def test_of_several_sheets_one_must_be_named(tmp_path):
    book(tmp_path, notes=[["x"]], data=[["time", "a"], *hours((1,), (2,))])
    with pytest.raises(Fault, match=r"has 2 sheets \('notes', 'data'\).*set data\.source\.sheet"):
        load(tmp_path)
    with pytest.raises(Fault, match=r"has no sheet 'Data'; expected one of 'notes', 'data'"):
        load(tmp_path, sheet="Data")
    assert load(tmp_path, sheet="data").values[:, 0].tolist() == [1, 2]


def test_dates_and_times_of_day_in_two_columns_are_joined(tmp_path):
    rows = [[DAY, datetime.time(hour), "m", hour] for hour in range(3)]
    book(tmp_path, data=[["date", "hour", "node", "value"], *rows])
    panel = load(tmp_path, time_column=["date", "hour"])
    assert panel.values[:, 0].tolist() == [0, 1, 2]
    assert panel.times[0] == np.datetime64("2021-01-01")


def test_a_damaged_workbook_is_refused(tmp_path):
    pytest.importorskip("openpyxl")
    assert "cannot be read as a workbook" in fault_of(tmp_path, b"PK\x03\x04 and no more", "panel.xlsx")


@pytest.mark.parametrize(
    ("cell", "says"),
    [("=1+2", "a formula that was never computed"), ("#DIV/0!", "'#DIV/0!' is not a number")],
)
def test_cells_that_only_look_empty_are_refused_where_they_are_readings(cell, says, tmp_path):
    rows = [["time", "a", "note"], *hours((1.0, None), (cell, None), (3.0, cell))]
    book(tmp_path, load=rows)
    with pytest.raises(Fault, match=rf"row 3, column 'a': .*{says}"):
        load(tmp_path)
    rows[2][1] = 2.0
    book(tmp_path, load=rows)
    assert load(tmp_path, columns=["a"]).values[:, 0].tolist() == [1, 2, 3]


def test_cells_that_are_merged_with_a_reading_are_refused(tmp_path):
    book(tmp_path, load=[["time", "a"], *hours((1.0,), (2.0,), (3.0,))])
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.load_workbook(tmp_path / "panel.xlsx")
    made.active.merge_cells("B3:B4")
    made.save(tmp_path / "panel.xlsx")
    with pytest.raises(Fault, match="row 4, column 'a': 'merged with B3' is not a number"):
        load(tmp_path)


def test_a_workbook_that_the_package_cannot_read_is_one_sentence(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    made.create_chartsheet("chart")
    made.save(tmp_path / "panel.xlsx")
    with pytest.raises(Fault, match=r"panel\.xlsx cannot be read as a workbook"):
        load(tmp_path)
