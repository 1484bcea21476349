"""The sign between cells is recognised where one sign fits all first rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_tables import fault_of, panel_of
from wattshed.data.dialects.separators import SEPARATORS, cut_lines, recognise_separator
from wattshed.foundation.faults import Fault

ROWS = [["time", "a b", "c"], ["2021-01-01 00:00", "1.5", "2"], ["2021-01-01 01:00", "", "-3"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("trailing", ["", "header and rows", "rows"])
def test_every_usual_sign_is_recognised(tmp_path, separator, end, trailing):
    lines = [separator.join(row) + separator * (trailing != "") for row in ROWS]
    if trailing == "rows":
        lines[0] = lines[0].rstrip(separator)
    panel = panel_of(tmp_path, end.join(lines) + end)
    assert panel.node_names == ["a b", "c"]
    assert panel.values[0].tolist() == [1.5, 2]
    assert panel.observed.tolist() == [[True, True], [False, True]]


def test_a_sign_within_quotes_does_not_count(tmp_path):
    panel = panel_of(tmp_path, 'time;"a;b"\n2021-01-01 00:00;"1"\n2021-01-01 01:00;2\n')
    assert panel.node_names == ["a;b"]


def test_the_first_line_of_excel_is_believed(tmp_path):
    panel = panel_of(tmp_path, "sep=;\ntime;a,b\n2021-01-01 00:00;1,5\n2021-01-01 01:00;2,5\n")
    assert panel.node_names == ["a,b"]
    assert panel.values[:, 0].tolist() == [1.5, 2.5]


def test_two_signs_that_fit_are_refused_until_one_is_named(tmp_path):
    text = "time;a,b\n2021-01-01 00:00;1,5\n2021-01-01 01:00;2,5\n"
    assert "both commas and semicolons" in fault_of(tmp_path, text)
    assert "data.source.separator" in fault_of(tmp_path, text)
    assert panel_of(tmp_path, text, separator=";").node_names == ["a,b"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["time,a", "1,2", "1,2,3", "1,2"], "row 3 has 3 cells and the header 2"),
        (["time,a,b", "1,2,3", "1,2"], "row 3 has 2 cells and the header 3"),
        (["time,a", "", "1,2", "1,2,3"], "row 4 has 3 cells and the header 2"),
        (
            ["time;a", "1;2", "1;2;;"],
            "row 3 has 4 cells and the header 2; expected as many in each, separated by semi",
        ),
        (["time,a", "1,2,", "1,2,3"], "row 3 has 3 cells and the header 2"),
    ],
)
def test_a_row_of_another_length_is_named_as_an_editor_counts(tmp_path, lines, says):
    assert says in fault_of(tmp_path, "\n".join(lines))


def test_a_row_of_another_length_is_found_far_down(tmp_path):
    lines = ["time,node,value", *["2021-01-01 00:00,a,1"] * 300_000, "2021-01-01 00:00,a"]
    assert "row 300002 has 2 cells and the header 3" in fault_of(tmp_path, "\n".join(lines))


def test_an_open_quote_is_refused(tmp_path):
    said = fault_of(tmp_path, 'time,a\n2021-01-01 00:00,"1\n2021-01-01 01:00,2\n')
    assert "row 2" in said


def test_a_table_of_one_column_has_none():
    assert recognise_separator("load\n1,5\n2\n3,5\n", 1, "a.csv").rows == [["load"], ["1,5"], ["2"], ["3,5"]]


@given(
    separator=st.sampled_from(list(SEPARATORS)),
    rows=st.lists(
        st.lists(st.from_regex(r"[a-z0-9 ]{0,5}", fullmatch=True), min_size=3, max_size=3), min_size=2
    ),
)
def test_cells_are_cut_as_they_were_joined(separator, rows):
    rows = [[f"n{cell}" for cell in row] for row in rows]
    text = "\n".join(separator.join(row) for row in rows)
    found = recognise_separator(text, 1, "a.csv")
    assert found.separator == separator
    assert found.rows == rows
    assert found.numbers == list(range(1, len(rows) + 1))


def test_broken_csv_names_its_row():
    with pytest.raises(Fault, match="row 1 cannot be read as CSV"):
        cut_lines("a" * 200_000, ",", 1, "a.csv")


@pytest.mark.parametrize("separator", [" ", "^"])
def test_a_sign_that_is_not_usual_is_asked_for(tmp_path, separator):
    rows = [["time", "a"], ["2021-01-01T00:00", "1"], ["2021-01-01T01:00", "2"]]
    content = "\n".join(map(separator.join, rows))
    assert "set data.source.separator" in fault_of(tmp_path, content)
    assert panel_of(tmp_path, content, separator=separator).values.ravel().tolist() == [1, 2]
