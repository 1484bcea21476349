"""The table of techniques: one row per change, its numbers, its bounds and its notes."""

import shutil

import pytest

from made_ladder import make_climb
from made_ladder_files import ladder_frames
from wattshed.publish.tables.techniques import MOST_KEYS, techniques_tables
from wattshed.publish.typesetting.latex import compile_tex, render_table
from wattshed.publish.typesetting.table import ESTIMATED, MISSING


@pytest.fixture(scope="module")
def frames():
    return ladder_frames(*make_climb(), {"reference": "study"})


@pytest.fixture(scope="module")
def table(frames):
    return techniques_tables(frames["techniques"], frames["ladder"])["techniques"]


def cells(table, title):
    places = [place for place, column in enumerate(table.columns) if column.title == title]
    return [[row[place] for place in places] for row in table.rows]


def test_every_change_has_a_row_with_its_numbers(table, frames):
    rows = frames["techniques"]
    assert [cell.text for (cell,) in cells(table, "Step")] == rows["model"].tolist()
    assert [cell.text for (cell,) in cells(table, "From")] == rows["base"].tolist()
    first = rows.iloc[0]
    assert cells(table, "Change")[0][0].text == f"{100 * first['training_share']:.1f}"
    assert float(cells(table, "ΔRMSE")[0][0].text) == pytest.approx(100 * first["rmse_share"], abs=0.051)
    energy, rise = (cells(table, "95 % int.")[0][place].text for place in (0, 1))
    assert energy.startswith("[-")
    assert rise.startswith("[-")
    assert cells(table, "Training")[0][0].mark == ESTIMATED
    assert [cell.text for (cell,) in cells(table, "Verdict")] == rows["verdict"].tolist()


def test_what_is_not_known_is_a_dash(frames):
    blind = frames["techniques"].assign(to_error_share=float("nan"), rmse_share=float("nan"))
    tables = techniques_tables(blind, frames["ladder"])
    assert {cell.text for (cell,) in cells(tables["techniques_errors"], "To error")} == {MISSING}
    assert {cell.text for (cell,) in cells(tables["techniques"], "ΔRMSE")} == {MISSING}


def test_a_bound_says_so(frames):
    bound = frames["techniques"].assign(to_error_share=-0.25, to_error_is="at most")
    table = techniques_tables(bound, frames["ladder"])["techniques_errors"]
    assert cells(table, "To error")[0][0].text == "at most -25.0"


def test_a_step_with_many_keys_names_them_in_a_note(frames):
    many = frames["techniques"].copy()
    many.loc[0, ["key", "keys"]] = ["accumulate, batch, precision", MOST_KEYS + 1]
    table = techniques_tables(many, frames["ladder"])["techniques"]
    assert cells(table, "Key")[0][0].text == "3 keys"
    assert f"{many['model'][0]} changes accumulate, batch, precision." in table.notes


def test_a_ladder_without_changes_has_a_table_without_rows(frames):
    found = techniques_tables(frames["techniques"].iloc[:0], frames["ladder"])
    assert [table.rows for table in found.values()] == [[], []]


@pytest.mark.latex
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
@pytest.mark.parametrize("name", ["techniques", "techniques_errors"])
def test_the_tables_compile_and_fit_the_page(frames, name, tmp_path):
    longest = frames["techniques"].assign(key="patience_warm_up_epochs")
    tex = tmp_path / f"{name}.tex"
    tex.write_text(render_table(techniques_tables(longest, frames["ladder"])[name]))
    log = compile_tex(tex, tmp_path / "out").with_suffix(".log").read_text(errors="replace")
    assert "Overfull" not in log
    assert "Missing character" not in log
