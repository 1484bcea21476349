"""What the report says about readings that look wrong, and about nodes and cells that were left out."""

from dataclasses import replace

import pytest

from made_study import study_files
from shown_parts import SETTINGS, TABLES
from wattshed.data.cleaning.record import Cleaning
from wattshed.data.cleaning.sentences import notes_of
from wattshed.publish.notes.readings import readings_lines
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.page import render_report
from wattshed.publish.tables.quality import quality_table


def with_findings(inputs, **columns):
    """columns: values for the first node."""
    quality = inputs.frame("quality").copy()
    for name, value in columns.items():
        quality.loc[0, name] = value
    return inputs.replacing(quality=quality)


@pytest.fixture(scope="module")
def cleaned(study, inputs, tmp_path_factory):
    """The same study, whose panel left out nodes and cells."""
    record = Cleaning(
        {"data.exclude (test_*)": ("test_1", "test_2")}, {"data.mask.0 (below: 0)": 700}, 700, 24000
    )
    panel = replace(inputs.panel, cleaning=record, notes=(*inputs.panel.notes, *notes_of(record)))
    path = tmp_path_factory.mktemp("cleaned") / "panel.safetensors"
    panel.write(path)
    return Inputs(study_files(study) | {"panel": [path]}, SETTINGS)


def test_clean_readings_have_no_lines(inputs, page):
    assert readings_lines(inputs) == []
    assert "Before the errors" not in page


def test_a_sentinel_is_named_with_its_share_and_cure(inputs):
    assert readings_lines(with_findings(inputs, sentinel_value=-9999.0, sentinel_share=0.01)) == [
        "Node home_00 reads -9999 in 1.0 % of its readings, a likely sentinel of missing values: it shifts every "
        "error; list it in data.source.missing of a table, or mask it by data.mask (equals: -9999)."
    ]


def test_the_first_screen_says_what_was_left_out_and_found(cleaned, figures):
    found = with_findings(cleaned, likely_register=True, likely_generation=True, typical_spacing_h=24.0)
    page = render_report(found, TABLES, figures)
    first = page[page.index('id="answer"') : page.index("<nav>")]
    for words in (
        "Before the errors: the readings",
        "2 nodes left out (test_1, test_2), by data.exclude (test_*).",
        "700 cells (2.9 %) masked, by data.mask.0 (below: 0).",
        "data.source.quantity: register",
        "Node home_00 looks like generation",
        "is 24 h in 1 of 17 nodes",
    ):
        assert words in first
    data = page[page.index('<details id="data">') :]
    assert "data.exclude (test_*) left out 2 nodes: test_1, test_2." in data
    assert "data.mask.0 (below: 0) masked 700 cells (2.9 %)." in data
    assert '"excluded_nodes": 2' in page
    assert '"masked_cells": 700' in page


def test_the_table_of_quality_names_the_nodes_with_findings(inputs):
    quality = with_findings(inputs, sentinel_value=65535.0, sentinel_share=0.3, stuck_share=0.2).frame(
        "quality"
    )
    table = quality_table(quality, "kWh")
    assert "Found, home_00: likely sentinel 65535 in 30.0 %, stuck in 20.0 %." in table.notes
    assert len(table.columns) <= 10
    quality["stuck_share"] = 0.2
    notes = quality_table(quality, "kWh").notes
    assert notes[-1] == "Found, 5 more nodes."
