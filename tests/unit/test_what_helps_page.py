"""benchmarks/what_helps.py writes a page from the results of studies, and says which were not run."""

import subprocess
import sys

import pandas as pd
import pytest

from made_plan import MadeStudy
from made_study import write_study
from wattshed.compression.judge import BASELINE
from wattshed.foundation.frames import read_frame


def page_of(root, folder):
    words = [sys.executable, str(root / "benchmarks/what_helps.py"), "--results", str(folder / "results")]
    done = subprocess.run(
        [*words, "--output", str(folder / "page.md")], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return (folder / "page.md").read_text()


@pytest.fixture(scope="module")
def made(root, tmp_path_factory):
    """The page, and the results of the study of all methods."""
    folder = tmp_path_factory.mktemp("what_helps")
    results = write_study(folder / "results/methods", MadeStudy(name="methods"))
    (results / "figures").mkdir(exist_ok=True)
    for name in ("drift", "matrix"):
        (results / f"figures/{name}.png").write_bytes(b"a figure")
    return page_of(root, folder), results, folder


def test_every_variant_has_its_verdict_and_its_reason_once(made):
    page, results, _ = made
    rows = read_frame(results / "compression.parquet")
    several = rows["parent"].nunique() > 1
    for row in rows[rows["verdict"] != BASELINE].drop_duplicates(["parent", "variant"]).to_dict("records"):
        name = f"{row['parent']}+{row['variant']}" if several else row["variant"]
        line = f"* `{name}`: {row['reason']}."
        assert page.count(line) == 1
        before = page[: page.index(line)]
        assert before.rindex(f"**{row['verdict'].capitalize()}**") > max(
            before.rfind(f"**{other.capitalize()}**") for other in set(rows["verdict"]) - {row["verdict"]}
        )


def test_every_strategy_but_the_control_has_its_change(made):
    page, results, _ = made
    matrix = pd.read_parquet(results / "adaptation.parquet")
    listed = "\n".join(line for line in page.splitlines() if line.startswith("* Prequential RMSE"))
    for name in set(matrix["strategy"]) - {"frozen"}:
        assert f"`{name}` (" in listed


def test_figures_and_origin_come_along(made):
    page, _, folder = made
    assert (folder / "what_helps_drift.png").read_bytes() == b"a figure"
    assert "Machine: " in page
    assert "All jobs together: " in page


def test_what_was_not_run_is_said_to_be_so(root, tmp_path):
    page = page_of(root, tmp_path)
    assert page.count("Not run.") == 2
    assert page.count(": not run.") == 2


def test_every_technique_of_the_first_phase_has_its_changes(root, tmp_path):
    steps = {"stgnn_reference": "the source's network", "gru": "another form", "stgnn": "and a graph"}
    results = write_study(tmp_path / "results/phase1", MadeStudy(name="phase1", steps=steps))
    page = page_of(root, tmp_path)
    for row in read_frame(results / "ladder.techniques.parquet").to_dict("records"):
        lines = [line for line in page.splitlines() if line.startswith(f"* `{row['model']}` (")]
        assert len(lines) == 1
        assert f"{100 * row['rmse_share']:+.1f} %" in lines[0]
        assert f"**{row['verdict']}**" in lines[0]
