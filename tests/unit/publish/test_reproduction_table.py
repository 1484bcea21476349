"""The tables of published numbers: one per document, with units, errors and what was cited."""

import pytest

from wattshed.law.published.reproducing.frame import reproduction_frame
from wattshed.law.published.reproducing.reproduction import reproduction_rows
from wattshed.publish.tables.reproduction import reproduction_tables
from wattshed.publish.typesetting.latex import render_table


@pytest.fixture(scope="module")
def tables():
    return {
        table.name: table for table in reproduction_tables(reproduction_frame(reproduction_rows(honest=True)))
    }


def texts(table):
    return {row[1].text: [cell.text for cell in row] for row in table.rows}


def test_each_document_has_a_table_that_counts_its_verdicts(tables):
    assert list(tables) == ["reproduction_readme", "reproduction_paper"]
    readme = tables["reproduction_readme"]
    assert "older read-me, recomputed: n = 39; 10 reproduced" in readme.caption
    assert len(readme.rows) == 39
    assert all(len(row) == len(table.columns) for table in tables.values() for row in table.rows)


def test_rows_show_what_was_printed_and_what_the_formula_gives(tables):
    readme, paper = (texts(table) for table in tables.values())
    _, _, printed, recomputed, error, verdict, _ = readme["energy of model B"]
    assert (printed, recomputed, error, verdict) == ("31.28 J", "31.2904", "0.0 %", "arithmetic slip")
    assert readme["duration of projections, model A, physical"][4] == "× 100.1"
    fit = paper["R2 of the energy model"]
    assert fit[5] == "selected by outcome"
    assert fit[6].endswith("(cited)")
    # Not stated by the source: no number, no error.
    assert paper["largest change with eight heads"][2] == paper["largest change with eight heads"][4] == "–"


def test_only_reproduced_numbers_are_set_as_good(tables):
    for table in tables.values():
        assert {row[5].text for row in table.rows if row[5].best} == {"reproduced"}
        assert not [row for row in table.rows if row[5].text == "reproduced" and not row[5].best]


def test_both_tables_become_latex(tables):
    for name, table in tables.items():
        assert rf"\label{{tab:{name}}}" in render_table(table)
