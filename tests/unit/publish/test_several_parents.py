"""A study that adapts, compresses and sweeps several checkpoints names each of them."""

import json
import re

import pytest

from made_plan import MadeStudy
from made_study import study_files, write_study
from wattshed.foundation import plugins
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.page import render_report

PARENTS = ("stgnn", "stgnn+replay")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    made = MadeStudy(seeds=(1, 2), parents=PARENTS, swept=PARENTS)
    return Inputs(study_files(write_study(tmp_path_factory.mktemp("study"), made)))


def tables(name, inputs):
    made = plugins.load("table", name).tables(name, inputs)
    return [table for group in made.values() for table in group]


@pytest.mark.parametrize("name", ["adaptation", "compression"])
def test_rows_name_the_checkpoint_that_they_come_from(inputs, name):
    (table,) = tables(name, inputs)
    assert table.columns[0].title == "Checkpoint"
    assert {row[0].text for row in table.rows} == set(PARENTS)


def test_each_matrix_and_each_sweep_has_a_table_of_its_own(inputs):
    names = [table.name for table in tables("matrices", inputs)]
    assert names == [f"matrix-{parent}-{strategy}" for parent in PARENTS for strategy in ("naive", "replay")]
    assert [table.name for table in tables("clocks", inputs)] == ["clocks-1", "clocks-2"]


def test_the_clocks_figure_has_a_row_per_sweep(inputs, tmp_path):
    figure = plugins.load("figure", "clocks")
    figure.write("clocks", inputs, tmp_path)
    (page,) = figure.make(inputs)
    assert len(page.axes) == 3 * len(PARENTS)


def test_the_report_has_the_numbers_of_all_checkpoints(inputs):
    page = render_report(inputs, ["adaptation", "compression", "clocks"], {})
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.S)
    numbers = json.loads(found[1])
    assert {"stgnn+naive", "stgnn+replay+naive"} <= set(numbers["adaptation"])
    assert set(numbers["clocks"]) == {f"{parent}.inference" for parent in PARENTS}
    assert {"stgnn+prune_half", "stgnn+replay+prune_half"} <= set(numbers["compression"])
