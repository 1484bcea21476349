"""The page's wall times: one reading for its table and its hidden numbers."""

import json
import re

import pytest

from made_study import study_files, write_study
from shown_figures import html_tables
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report import page as report_page

HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"


def write_times(folder, rule, seconds):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{rule}.tsv").write_text(f"{HEAD}{seconds}\t0:00:01\t1.0\t{seconds}\n")


@pytest.fixture
def page_of(tmp_path, monkeypatch):
    """Renders the report; ``meanwhile`` runs while its tables are made."""
    inputs = Inputs(study_files(write_study(tmp_path)), {"note": ""})

    def render(benchmarks, meanwhile=lambda: None):
        notes = report_page.window_notes

        def interrupted(*arguments):
            meanwhile()
            return notes(*arguments)

        monkeypatch.setattr(report_page, "window_notes", interrupted)
        return report_page.render_report(inputs, ("main",), {}, benchmarks)

    return render


def embedded(page):
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1])["time"]


def test_a_job_that_ends_while_the_page_is_made_stands_in_both_or_neither(page_of, tmp_path):
    accounts = tmp_path / "benchmarks/accounts"
    write_times(accounts, "aggregate_ledgers", 2.0)
    ended = []

    def meanwhile():
        ended.append("export_runs")
        write_times(accounts, "export_runs", 5.0)

    page = page_of(tmp_path / "benchmarks", meanwhile)
    assert ended
    told = embedded(page)["accounts"]
    shown = {row["Part"]: row for row in html_tables(page)["time"]}["accounts"]
    assert (told["jobs"], told["wall_s"]) == (1, 2.0)
    assert (shown["n jobs"], shown["Wall time s"]) == ("1", "2.0")


def test_a_study_without_benchmark_files_has_no_table_of_times(page_of, tmp_path):
    page = page_of(tmp_path / "none")
    assert embedded(page) == {}
    assert "time" not in html_tables(page)
