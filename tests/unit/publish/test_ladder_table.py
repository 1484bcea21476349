import shutil

import pytest

from made_ladder import make_climb, make_scores, make_windows
from made_ladder_files import ladder_frames
from wattshed.publish.tables.ladder import NOT_REACHED, ladder_tables
from wattshed.publish.typesetting.latex import compile_tex, render_table
from wattshed.publish.typesetting.table import ESTIMATED, MISSING

TABLES = ("ladder", "ladder_costs", "ladder_targets", "ladder_parts")
NOTE = "study learned from 2,000 windows at most"


def validated(windows, scores):
    """The same, the closed forms with a validation error of their own, as baselines have."""
    test = scores[scores["scope"] == "all"].groupby("model")["rmse"].mean()
    fits = windows["window"] == "fit"
    known = windows["value_validation_rmse"].mask(fits, windows["model"].map(test) - 0.01)
    return windows.assign(value_validation_rmse=known)


def frames_of(windows, scores, captions, tuned="tuned", pairs=()):
    opponents = {"reference": "study"} | ({"tuned": tuned} if tuned else {})
    return ladder_frames(validated(windows, scores), scores, captions, opponents, pairs)


def tables_of(frames, note=""):
    return ladder_tables(frames["ladder"], frames["targets"], frames["parts"], "kWh", note)


@pytest.fixture(scope="module")
def frames():
    return frames_of(*make_climb(), pairs=[("kernel", "own_history", "pairs")])


@pytest.fixture(scope="module")
def ladder(frames):
    return frames["ladder"]


@pytest.fixture(scope="module")
def tables(frames):
    return tables_of(frames, NOTE)


def rows_of(table):
    titles = [f"{column.title} {place}" if column.title == "95 % interval" else column.title
              for place, column in enumerate(table.columns)]  # fmt: skip
    return [dict(zip(titles, row, strict=True)) for row in table.rows]


def small(**steps):
    """A ladder with three seeds per step, all with the same test errors."""
    runs = {"study": [[(0.9, 1.0), (0.8, 1.0)]] * 3, **steps}
    scores = make_scores(**{name: [0.9, 0.91, 0.92][: len(seeds)] for name, seeds in runs.items()})
    return frames_of(make_windows(runs), scores, dict.fromkeys(runs, "-"), tuned=None)


def test_every_step_has_a_row_in_ladder_order_with_n_and_its_change(tables, ladder):
    assert tuple(tables) == TABLES
    rows = rows_of(tables["ladder"])
    assert [row["Step"].text for row in rows] == ladder["model"].tolist()
    assert [row["What changes"].text for row in rows] == ladder["caption"].tolist()
    assert [row["Changes"].text for row in rows][:3] == [MISSING, "study", "tuned"]
    assert [row["n"].text for row in rows] == ["3"] * 8 + ["1"] * 4
    assert [row["Step"].best for row in rows] == [False] * 11 + [True]
    assert all(row["Training"].mark == ESTIMATED for row in rows)
    assert NOTE in tables["ladder"].notes


def test_every_named_error_has_a_row_per_named_step_with_its_ratio_to_the_tuned_opponent(tables, frames):
    rows = rows_of(tables["ladder_targets"])
    named = frames["ladder"]["named"].sum()
    assert len(rows) == 4 * named
    assert "than tuned takes" in tables["ladder_targets"].caption
    first = {row["Step"].text: row for row in rows if row["Validation RMSE"].text.startswith("tuned, ")}
    assert (first["tuned"]["Less energy"].text, first["tuned"]["95 % interval 7"].text) == ("1", MISSING)
    assert first["study"]["Seeds there"].text == NOT_REACHED
    assert (first["study"]["Energy"].text, first["study"]["Less energy"].text) == (MISSING, MISSING)
    assert float(first["pairs"]["Less energy"].text) > 1
    assert any("without the looks" in note for note in tables["ladder_targets"].notes)


def test_errors_worse_than_the_best_naive_are_marked(frames):
    targets = frames["targets"].assign(useful=frames["targets"]["target"] != "study")
    table = ladder_tables(frames["ladder"], targets, frames["parts"], "kWh")["ladder_targets"]
    marked = {
        row["Validation RMSE"].text for row in rows_of(table) if row["Validation RMSE"].text.endswith("*")
    }
    assert len(marked) == 1
    assert marked.pop().startswith("study, ")
    assert any(note.startswith("* Not better than the best naive") for note in table.notes)


def test_an_energy_of_the_first_look_is_at_most_and_its_ratio_at_least():
    frames = small(quick=[[(0.7, 0.1), (0.6, 0.1)]] * 3)
    rows = {row["Step"].text: row for row in rows_of(tables_of(frames)["ladder_targets"])}
    quick = next(row for row in rows_of(tables_of(frames)["ladder_targets"]) if row["Step"].text == "quick")
    assert quick["Energy"].text.startswith("at most ")
    assert quick["Less energy"].text.startswith("at least ")
    assert set(rows) == {"study", "quick"}


def test_parts_come_first_and_a_change_that_never_gets_there_has_no_ratio(tables):
    rows = rows_of(tables["ladder_parts"])
    assert rows[0]["Part or change"].text == "kernel"
    assert rows[0]["Whole training"].text == rows[3]["Whole training"].text
    back = [row for row in rows if row["To"].text == "persistence"]
    assert [row["Same error"].text for row in back] == [MISSING]


def test_unknown_energies_are_dashes_and_never_zeros():
    frames = small(dark=[[(0.7, None)]] * 3, dim=[[(0.7, None)], [(0.7, 0.5)], [(0.7, 0.5)]])
    tables = tables_of(frames)
    dark = rows_of(tables["ladder"])[1]
    assert (dark["Training"].text, dark["Training"].mark) == (MISSING, "")
    assert "dim: training energy known for 2 of 3 seeds." in tables["ladder"].notes


def test_notes_report_few_seeds():
    notes = tables_of(small(quick=[[(0.7, 0.1)]] * 2))["ladder"].notes
    assert "Fewer than 3 seeds, so intervals are not reliable: quick." in notes


@pytest.mark.latex
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
@pytest.mark.parametrize("name", TABLES)
def test_the_tables_compile_and_fit_the_page(tables, name, tmp_path):
    tex = tmp_path / f"{name}.tex"
    tex.write_text(render_table(tables[name]))
    pdf = compile_tex(tex, tmp_path / "out")
    log = pdf.with_suffix(".log").read_text(errors="replace")
    assert "Overfull" not in log
    assert "Missing character" not in log
