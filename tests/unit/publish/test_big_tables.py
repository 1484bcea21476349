"""Tables of a study with forty compressed variants and long or hostile names, compiled as a paper includes them."""

import re
import shutil

import pytest

from made_plan import BASELINES, TRAINED, MadeStudy
from made_study import study_files, write_study
from shown_figures import latex_tables
from wattshed.foundation import plugins
from wattshed.publish.parts.declaration import declared
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.tables.checkpoints import checkpoints_tables
from wattshed.publish.typesetting.latex import compile_tex, render_table
from wattshed.publish.typesetting.latex_text import escape
from wattshed.publish.typesetting.table import Cell, Column, Table

HOSTILE = "50 % of a_b & {c} é × µ Ж 漢 #1"
PARENT = "spatial_temporal_graph_network"
TABLES = (
    "main",
    "compression",
    "checkpoints",
    "checkpoints_times",
    "recommended",
    "claims",
    "updates",
    "ladder",
)
VARIANTS = [
    *(f"prune_{share:02d}_then_low_rank_sixteen" for share in range(1, 39)),
    "distilledwithoutanyseparator01",
    "distilled_to_eight_hidden_unit",
]

pytestmark = [
    pytest.mark.latex,
    pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed"),
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    names = [PARENT, *(f"{name}_as_a_long_configured_name" for name in list(TRAINED)[1:])]
    trained = dict(zip(names, TRAINED.values(), strict=True)) | {HOSTILE: (0.71, 1e-4)}
    folder = write_study(
        tmp_path_factory.mktemp("study"),
        MadeStudy(
            trained=trained,
            forms=dict.fromkeys(trained, "stgnn"),
            reference=PARENT,
            steps={name: f"caption of {name}" for name in (*trained, *BASELINES)},
            parents=(PARENT, f"{PARENT}+replay"),
            swept=(PARENT,),
            variants=VARIANTS,
            rolled=[HOSTILE, PARENT, "ridge", "persistence"],
        ),
    )
    return Inputs(study_files(folder), {"note": HOSTILE})


@pytest.fixture(scope="module")
def written(inputs, tmp_path_factory):
    """All tables that a study makes of its results."""
    folder = tmp_path_factory.mktemp("tables")
    for name in plugins.names("table"):
        if all(needed in inputs for needed in declared("table", name).inputs):
            plugins.load("table", name).write(name, inputs, folder)
    return folder


def what_does_not_fit(paths, folder):
    """What LaTeX says of tables that are wider than the text by 5 pt, or taller than a page, by the table's name."""
    document = folder / "paper.tex"
    document.write_text(
        "".join(f"\\typeout{{TABLE {path.stem}}}\n\\input{{{path}}}\n\\clearpage\n" for path in paths)
    )
    log = compile_tex(document, folder / "out").with_suffix(".log").read_text(errors="replace")
    found, table = [], ""
    for line in log.splitlines():
        if line.startswith("TABLE "):
            table = line.removeprefix("TABLE ")
        wide = re.match(r"Overfull \\hbox \((\d+\.?\d*)pt", line)
        tall = re.match(r"Overfull \\vbox|LaTeX Warning: Float too large|Missing character", line)
        if tall or (wide and float(wide[1]) > 5):
            found.append(f"{table}: {line}")
    return found


def test_all_tables_of_a_big_study_fit(written, tmp_path):
    paths = sorted(written.glob("*.tex"))
    assert {path.stem for path in paths} >= set(TABLES)
    assert what_does_not_fit(paths, tmp_path) == []


def test_a_table_that_does_not_fit_is_seen(tmp_path):
    wide = Table("wide", "Wide.", [Column("95 % interval")] * 20, [[Cell("[0.6595, 0.7384]")] * 20])
    path = tmp_path / "wide.tex"
    path.write_text(render_table(wide))
    (found,) = what_does_not_fit([path], tmp_path)
    assert found.startswith(r"wide: Overfull \hbox")


def test_what_is_set_over_pages_is_read_back_whole(inputs, written):
    tables = checkpoints_tables(inputs.frame("checkpoints"), inputs.unit)
    for name in ("checkpoints", "checkpoints_energies"):
        path = written / f"{name}.tex"
        assert r"\begin{longtable}" in path.read_text()
        (rows,) = latex_tables(path)
        assert [row["Checkpoint"] for row in rows] == [row[0].text for row in tables[name].rows]
        assert len(rows) > 2 * len(VARIANTS)


def test_names_with_any_characters_compile(tmp_path):
    texts = [
        HOSTILE,
        "αβγ Ωμ Λο ς",
        "Straße Łódź ħ ſ",
        "≈ ≠ ∞ − – — ’ €",
        "\u200b\u00a0\u2009x",
        "😀 ﬁ ½",
        r"\input{x} $ ~ ^",
    ]
    rows = [[Cell(text), Cell(text)] for text in texts]
    path = tmp_path / "hostile.tex"
    path.write_text(
        render_table(Table("hostile", texts[0], [Column("A"), Column("B", width_cm=3)], rows, texts))
    )
    assert what_does_not_fit([path], tmp_path) == []
    assert escape("漢") == r"\texttt{U+6F22}"
