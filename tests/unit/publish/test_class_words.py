"""A study of classes is told in classes and windows, not in nodes, hours and days."""

import re

import pytest

from made_study import study_files
from shown_parts import SETTINGS, TABLES
from wattshed.foundation.plugins import load
from wattshed.publish.parts.class_words import in_class_words
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.page import render_report

FOREIGN = r"\b(nodes?|hours?|days?|months?)\b"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            "over seeds and blocks of 4 days (2 days)",
            "over seeds and blocks of up to 96 windows (2 stretches of up to ",
        ),
        (
            "a thousand forecasts of one node each.",
            "a thousand probabilities of one class for one window each.",
        ),
        ("Nodes, of n = 12", "Classes, of n = 12"),
        ("Each later month is forecast first", "Each later part is forecast first"),
        ("D hours on days before, O other nodes", "D earlier windows, O other classes"),
        ("the least error on 3 of 12 nodes", "the least error on 3 of 12 classes"),
        ("mprobability/J", "10⁻³/J"),
        ("node_keep_share and seasonal_24h", "node_keep_share and seasonal_24h"),
    ],
)
def test_words_of_readings_become_words_of_classes(written, read):
    assert in_class_words(written).startswith(read)


def told(page):
    """Captions, notes, titles and sentences of a page; cells hold names and numbers."""
    page = page[page.index("<main>") : page.index('<section id="origin">')]
    page = re.sub(r'<div class="known">.*?</div>', "", page, flags=re.S)
    # The made study's panel holds readings, and the engine's benchmark is of readings.
    page = re.sub(
        r'<td.*?</td>|<code.*?</code>|<details id="(engine|data)">.*?</details>', "", page, flags=re.S
    )
    return re.sub(r"<[^>]+>", " ", page)


def test_the_report_of_a_study_of_classes_speaks_of_no_node_hour_or_day(study, figures):
    shown = {name: path for name, path in figures.items() if name not in ("forecasts", "horizons", "degrees")}
    tables = [name for name in TABLES if name != "quality" and not name.startswith("clock")] + ["classes"]
    settings = SETTINGS | {"labelled": True}
    page = told(render_report(Inputs(study_files(study), settings), tables, shown))
    assert re.findall(FOREIGN, page, re.IGNORECASE) == []
    assert "blocks of up to 96 windows" in page
    # The same study of readings keeps its own words.
    page = told(render_report(Inputs(study_files(study), SETTINGS), tables, shown))
    assert len(re.findall(FOREIGN, page, re.IGNORECASE)) > 20


def test_a_figure_is_drawn_with_the_same_words(inputs, study, tmp_path, monkeypatch):
    drawn = []
    module = "wattshed.publish.drawing.figure_part"
    monkeypatch.setattr(f"{module}.save_figure", lambda figure, *rest: drawn.append(figure))
    for settings in ({}, {"labelled": True}):
        load("figure", "wins").write("wins", Inputs(study_files(study), settings), tmp_path)
    assert [figure.axes[0].get_xlabel().split(",")[0] for figure in drawn] == ["Nodes", "Classes"]
