"""benchmarks/phase1.py writes a page from a study's results, and refuses where there are none."""

import math
import subprocess
import sys

import pytest

from made_plan import MadeStudy
from made_study import write_study
from wattshed.foundation.frames import read_frame

STEPS = {
    "stgnn_reference": "the source's network",
    "gru": "another form",
    "stgnn": "and a graph",
    "ridge": "-",
}


@pytest.fixture(scope="module")
def written(root, tmp_path_factory):
    """The answer of the command, the folder of the page, and the study's results."""
    folder = tmp_path_factory.mktemp("phase1")
    naive = {name: name for name in ("persistence", "seasonal_24h")}
    results = write_study(folder / "results/phase1", MadeStudy(name="phase1", steps={**STEPS, **naive}))
    (results / "figures").mkdir(exist_ok=True)
    (results / "figures/ladder.png").write_bytes(b"a figure")
    return run(root, folder), folder, results


def run(root, folder):
    words = [sys.executable, str(root / "benchmarks/phase1.py"), "--results", str(folder / "results")]
    return subprocess.run(
        [*words, "--output", str(folder / "phase1.md")], cwd=root, capture_output=True, text=True
    )


def test_the_page_shows_every_technique_with_its_numbers_and_its_verdict(written):
    answer, folder, results = written
    assert answer.returncode == 0, answer.stderr
    text = (folder / "phase1.md").read_text()
    techniques = read_frame(results / "ladder.techniques.parquet")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for row in techniques.to_dict("records"):
        shown = [line for line in lines if line.split(" | ")[0] == "| " + row["model"].replace("_", "\\_")]
        assert any(row["verdict"] in line for line in shown), row["model"]
        share = 100 * row["training_share"]
        text_of = "–" if math.isnan(share) else f"{share:.1f}"
        assert any(f"| {text_of} |" in line for line in shown), row["model"]
    assert (folder / "phase1.png").read_bytes() == b"a figure"


def test_the_page_says_where_the_base_stands_and_where_its_numbers_come_from(written):
    _, folder, _ = written
    text = (folder / "phase1.md").read_text()
    assert "On the test part `stgnn_reference` has an RMSE of" in text
    assert "Machine: " in text
    assert "Commit: " in text
    assert "| Phase 1 saves half of the energy" in text
    assert "INT8" not in text


def test_a_study_that_was_not_run_is_refused_in_one_sentence(root, tmp_path):
    answer = run(root, tmp_path)
    assert answer.returncode == 2
    assert "phase1 has no ladder.techniques.parquet: run snakemake --configfile" in answer.stderr
    assert not (tmp_path / "phase1.md").exists()
