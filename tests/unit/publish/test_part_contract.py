"""The contract of tables and figures, also of those from a study's own files."""

import json
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest

from made_plan import BASELINES, TRAINED, MadeStudy
from made_study import study_files, write_study
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.publish.parts.declaration import declared
from wattshed.publish.parts.inputs import Inputs

PARTS = [(kind, name) for kind in ("table", "figure") for name in plugins.names(kind)]
HOSTILE = "a_b & {c} %"
TOY_TABLE = """
import pandas as pd

from wattshed.publish.typesetting.table import Cell, Column, Table
from wattshed.publish.typesetting.table_part import TablePart


def make(inputs):
    rows = [[Cell(name)] for name in inputs.frame("scores")["model"].unique()]
    return Table("toy", f"Models, n = {len(rows)}.", [Column("Model")], rows)


TABLE = TablePart(message="Make the toy table", caption="Toy.", inputs=("scores",), make=make)
"""
TOY_FIGURE = """
import matplotlib.pyplot as plt

from wattshed.publish.drawing.figure_part import FigurePart


def make(inputs):
    figure, axis = plt.subplots()
    axis.hist(inputs.frame("scores")["rmse"])
    return figure


FIGURE = FigurePart(message="Draw the toy figure", caption="Toy.", inputs=("scores",), make=make)
"""


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study with everything, and a model name with special characters of LaTeX and HTML."""
    trained = {HOSTILE if name == "gru" else name: values for name, values in TRAINED.items()}
    steps = {name: f"caption of {name} {{form}}" for name in (*trained, *BASELINES)}
    folder = write_study(
        tmp_path_factory.mktemp("study"),
        MadeStudy(
            trained=trained,
            steps=steps,
            rolled=[HOSTILE, "stgnn", "ridge", "persistence"],
            law=True,
            memory=True,
        ),
    )
    row = dict.fromkeys(("what", "opponent", "measured", "floor", "must", "met"), HOSTILE)
    (folder / "engine.json").write_text(json.dumps({"rows": [row], "notes": [HOSTILE]}))
    return folder


@pytest.fixture(scope="module")
def files(folder):
    return study_files(folder) | {"engine": [folder / "engine.json"]}


def check_table(folder, files):
    for file in files:
        tex = (folder / f"{file}.tex").read_text()
        bare = tex.replace(r"\\", "").replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}")
        for command in (r"\toprule", r"\midrule", r"\bottomrule"):
            assert command in tex
        # Big tables are turned, or run over pages.
        found = re.findall(r"\\(begin|end)\{(table|sidewaystable|longtable)\}", tex)
        assert found
        assert [environment for edge, environment in found if edge == "begin"] == [
            environment for edge, environment in found if edge == "end"
        ]
        assert re.search(r"\\caption\{.{10,}\}", tex)


def check_figure(folder, name):
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_reading_the_tables_of_parts_loads_no_heavy_library():
    code = (
        "import sys\n"
        "from wattshed.foundation.plugins import names\n"
        "from wattshed.publish.parts.declaration import declared\n"
        "for kind in ('table', 'figure'):\n"
        "    for name in names(kind): declared(kind, name)\n"
        "print(sorted({'torch', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_declares_its_message_caption_and_inputs(kind, name):
    part = declared(kind, name)
    assert re.match(r"(Make|Draw) the |Draw (energy|forecasts) ", part.message), part.message
    assert part.caption.endswith(".")
    assert part.inputs
    loaded = plugins.load(kind, name)
    assert (loaded.message, loaded.caption, loaded.inputs) == (part.message, part.caption, part.inputs)


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_is_made_only_from_its_declared_inputs(kind, name, files, tmp_path):
    part = declared(kind, name)
    own = {text: files[text] for text in part.inputs}
    plugins.load(kind, name).write(name, Inputs(own, {"note": f"A note on {HOSTILE}."}), tmp_path)
    if kind == "figure":
        check_figure(tmp_path, name)
    else:
        made = [path.stem for path in tmp_path.iterdir()]
        assert part.in_report_only or set(made) == set(part.files)
        check_table(tmp_path, made)


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_missing_input_is_refused_in_one_sentence(kind, name, files, tmp_path):
    needed = declared(kind, name).inputs
    given = {text: files[text] for text in needed[1:]}
    with pytest.raises(Fault, match=rf"{kind} '{name}' needs the input '{needed[0]}', which is missing"):
        plugins.load(kind, name).write(name, Inputs(given), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_model_name_with_special_characters_is_escaped(files, tmp_path):
    plugins.load("table", "accuracy").write("accuracy", Inputs(files), tmp_path)
    assert r"a\_b \& \{c\} \%" in (tmp_path / "accuracy.tex").read_text()


def test_a_studys_own_table_is_made_like_ours(files, tmp_path, own_plugin):
    own_plugin("toy", TOY_TABLE)
    assert plugins.names("table")[-1] == "toy"
    assert declared("table", "toy").files == ("toy",)
    plugins.load("table", "toy").write("toy", Inputs(files), tmp_path)
    check_table(tmp_path, ["toy"])


def test_a_studys_own_figure_is_made_like_ours(files, tmp_path, own_plugin):
    own_plugin("toy", TOY_FIGURE)
    plugins.load("figure", "toy").write("toy", Inputs(files), tmp_path)
    check_figure(tmp_path, "toy")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'inputs=("scores",)',
            "inputs=NAMES",
            "sets inputs to something that is not a literal: expected a tuple of texts",
        ),
        ('caption="Toy.", ', "", "lacks caption"),
        ('caption="Toy.", ', 'caption="Toy.", when=1, ', "sets 'when': expected only"),
        ("TablePart(message", "dict(**{}, message", "has no declaration that can be read"),
    ],
)
def test_an_unreadable_declaration_is_reported_in_one_sentence(own_plugin, old, new, said):
    own_plugin("toy", TOY_TABLE.replace(old, new))
    with pytest.raises(Fault, match=re.escape(said)):
        declared("table", "toy")


def test_a_part_that_makes_undeclared_files_is_refused(files, tmp_path, own_plugin):
    own_plugin(
        "toy",
        TOY_TABLE.replace("return Table(", "return dict(other=Table(").replace(
            "rows)\n\n\nTABLE", "rows))\n\n\nTABLE"
        ),
    )
    with pytest.raises(Fault, match="the table 'toy' made other: expected toy"):
        plugins.load("table", "toy").write("toy", Inputs(files), tmp_path)
    assert not list(tmp_path.glob("*.tex"))
