"""A table and a figure of the study's own go through the same rules as ours."""

import os
import subprocess
import sys

import pandas as pd
import pytest
import yaml

TABLE = """
from wattshed.publish.typesetting.table import Cell, Column, Table
from wattshed.publish.typesetting.table_part import TablePart


def make(inputs):
    rows = [[Cell(name)] for name in inputs.frame("scores")["model"]]
    return Table("models", f"Models {{form}}, note {inputs.parameter('note')!r}.", [Column("Model")], rows)


TABLE = TablePart(
    message="Make the {toy} table",
    caption="Toy {form}.",
    inputs=("scores",),
    parameters=("note",),
    make=make,
)
"""
FIGURE = """
import matplotlib.pyplot as plt

from wattshed.publish.drawing.figure_part import FigurePart


def make(inputs):
    figure, axis = plt.subplots()
    axis.hist(inputs.frame("scores")["rmse"])
    return figure


FIGURE = FigurePart(message="Draw the {toy} figure", caption="Toy {form}.", inputs=("scores",), make=make)
"""


@pytest.fixture
def study(root, tmp_path):
    """A folder with special characters in its name: a shipped study, two parts of its own, and its scores."""
    folder = tmp_path / "a {study}, it's mine"
    folder.mkdir()
    config = yaml.safe_load((root / "config/reference.yaml").read_text())
    config["plugins"] = ["my_table.py", "my_figure.py"]
    (folder / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (folder / "my_table.py").write_text(TABLE)
    (folder / "my_figure.py").write_text(FIGURE)
    scores = folder / "results/reference/accuracy/scores.parquet"
    scores.parent.mkdir(parents=True)
    rows = {"model": ["stgnn", "a_b & {c} %"], "scope": ["all", "all"], "rmse": [0.7, 0.8]}
    pd.DataFrame(rows).to_parquet(scores)
    return folder


def snakemake(root, folder, *arguments):
    words = [sys.executable, "-m", "snakemake", "-s", str(root / "Snakefile"), "--configfile", "study.yaml"]
    made = ["results/reference/tables/my_table.tex", "results/reference/figures/my_figure.png"]
    rules = ["--allowed-rules", "make_table_my_table", "make_figure_my_figure"]
    environment = {
        **os.environ,
        "HOME": str(folder),
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
    }
    answer = subprocess.run(
        [*words, "--cores", "1", "--show-failed-logs", *rules, *arguments, "--", *made],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    text = answer.stdout + answer.stderr
    assert answer.returncode == 0, text[-4000:]
    return text


def test_own_parts_are_made_and_an_edit_of_one_reruns_only_that_one(root, study):
    said = snakemake(root, study)
    assert "Make the {toy} table" in said
    tex = (study / "results/reference/tables/my_table.tex").read_text()
    assert r"a\_b \& \{c\} \%" in tex
    assert r"Models \{form\}, note ''." in tex
    assert (study / "results/reference/figures/my_figure.png").read_bytes().startswith(b"\x89PNG")
    (study / "my_figure.py").write_text(FIGURE + "# edited\n")
    planned = snakemake(root, study, "--dry-run")
    assert "make_figure_my_figure" in planned
    assert "make_table_my_table" not in planned.split("Job stats:")[1]
