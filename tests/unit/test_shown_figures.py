"""The reader of figures finds what a page shows, and notices a wrong digit."""

import pytest

from shown_figures import Figure, ends, html_tables, latex_tables, text_agrees
from wattshed.publish.typesetting.latex import render_table
from wattshed.publish.typesetting.table import (
    ESTIMATED,
    Cell,
    Column,
    Table,
    decimals,
    interval,
    powers,
    significant,
)


@pytest.mark.parametrize(
    ("shown", "expected", "agrees"),
    [
        ("0.6659", 0.66594, True),
        ("0.6659", 0.66599, False),
        ("23.9†", 23.94, True),
        ("23.9", 24.0, False),
        ("< 0.001", 7e-7, True),
        ("< 0.001", 0.002, False),
        ("1,234", 1234.4, True),
        ("7.44 × 10¹¹", 7.441e11, True),
        ("7.44 × 10¹¹", 7.441e10, False),
        ("-25.4", -25.41, True),
        ("unknown", 1.0, False),
    ],
)
def test_a_text_agrees_with_what_rounds_to_it(shown, expected, agrees):
    assert text_agrees(shown, expected) is agrees


def test_what_is_not_known_must_not_be_shown():
    assert Figure("report", "x", "\u2013", None).agrees
    assert not Figure("report", "x", "0.1", None).agrees
    assert not Figure("json", "x", None, 0.1).agrees
    assert not Figure("json", "x", 0.1001, 0.1).agrees


def test_intervals_have_two_ends():
    assert ends("[0.1, 0.2]") == ("0.1", "0.2")
    assert ends("[1.20, 3.40] × 10⁻⁵") == ("1.20 × 10⁻⁵", "3.40 × 10⁻⁵")
    assert ends("\u2013") == ("\u2013", "\u2013")


def test_latex_and_html_are_read_back_as_they_were_written(tmp_path):
    columns = [
        Column("Model"),
        Column("R²", "%", numeric=True),
        Column("95 %", "J"),
        Column("95 %", "J"),
        Column("E", "J", numeric=True),
    ]
    energy = significant(4.2, mark=ESTIMATED)
    rows = [
        [Cell("a_b", best=True), decimals(0.5, 3, best=True), interval(1, 2, 1), interval(-1, 2, 1), energy],
        [Cell("c"), decimals(-1.25, 3), Cell("\u2013"), interval(None, 2, 1), powers(7.44e11)],
    ]
    path = tmp_path / "t.tex"
    path.write_text(render_table(Table("t", "caption", columns, rows)))
    (read,) = latex_tables(path)
    assert [list(row) for row in read] == [["Model", "R² %", "95 % J", "95 % J#2", "E J"]] * 2
    assert list(read[0].values()) == ["a_b", "0.500", "[1.0, 2.0]", "[-1.0, 2.0]", "4.20"]
    assert text_agrees(read[1]["E J"], 7.44e11)
    page = (
        '<figure class="table" id="table-t"><table><thead><tr><th>Model</th><th class="number">E <span>J</span></th>'
        "</tr></thead><tbody>\n<tr><td>a_<wbr>b</td><td>4.20<sup>†</sup></td></tr>\n</tbody></table></figure>"
    )
    assert html_tables(page) == {"t": [{"Model": "a_b", "E J": "4.20†"}]}
