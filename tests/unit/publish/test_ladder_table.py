import shutil

import pytest

from made_ladder import make_climb, make_scores, make_windows
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.publish.tables.ladder import NOT_REACHED, TEST_MARK, ladder_tables
from wattshed.publish.typesetting.latex import compile_tex, render_table
from wattshed.publish.typesetting.table import ESTIMATED, MISSING

TABLES = ("ladder", "ladder_costs", "ladder_targets")
NOTE = "study learned from 2,000 windows at most"


def frame_of(windows, scores, captions, tuned="tuned"):
    checks = training_checks(windows, list(captions))
    opponents = {"reference": "study"} | ({"tuned": tuned} if tuned else {})
    return ladder_frame(checks, scores, captions, opponents)


@pytest.fixture(scope="module")
def ladder():
    return frame_of(*make_climb())


@pytest.fixture(scope="module")
def tables(ladder):
    return ladder_tables(ladder, "kWh", NOTE)


def rows_of(table):
    titles = [f"{column.title} {place}" if column.title == "95 % interval" else column.title
              for place, column in enumerate(table.columns)]  # fmt: skip
    return [dict(zip(titles, row, strict=True)) for row in table.rows]


def small(**steps):
    """A ladder with three seeds per step, all with the same test errors."""
    runs = {"study": [[(0.9, 1.0), (0.8, 1.0)]] * 3, **steps}
    scores = make_scores(**{name: [0.9, 0.91, 0.92][: len(seeds)] for name, seeds in runs.items()})
    return frame_of(make_windows(runs), scores, dict.fromkeys(runs, "-"), tuned=None)


def test_every_step_has_a_row_in_ladder_order_with_n_and_its_change(tables, ladder):
    assert tuple(tables) == TABLES
    rows = rows_of(tables["ladder"])
    assert [row["Step"].text for row in rows] == ladder["model"].tolist()
    assert [row["What changes"].text for row in rows] == ladder["caption"].tolist()
    assert [row["n"].text for row in rows] == ["3"] * 8 + ["1"] * 4
    assert [row["Step"].best for row in rows] == [False] * 11 + [True]


def test_estimates_and_comparisons_by_the_test_error_are_marked(tables):
    rows = {row["Step"].text: row for row in rows_of(tables["ladder"])}
    assert all(row["Training"].mark == ESTIMATED for row in rows.values())
    assert rows["ridge"]["Less energy"].mark == TEST_MARK
    assert rows["pairs"]["Less energy"].mark == ""
    assert (rows["study"]["Less energy"].text, rows["study"]["95 % interval 6"].text) == ("1", MISSING)
    assert rows["persistence"]["Less energy"].text == NOT_REACHED
    assert rows["seasonal_24h"]["Less energy"].text == "> 1000000"
    notes = tables["ladder"].all_notes
    assert any(note.startswith(TEST_MARK) and "mean test RMSE" in note for note in notes)
    assert any(note.startswith("Resolution: ") for note in notes)
    assert NOTE in notes


def test_the_targets_are_stated_and_each_opponent_and_step_has_one_row(tables, ladder):
    table = tables["ladder_targets"]
    assert len(table.rows) == 2 * len(ladder)
    for role in ("reference", "tuned"):
        best = ladder.loc[ladder["role"] == role, "best_rmse_mean"].iloc[0]
        assert f"{best:.4f} kWh" in table.caption
    first = rows_of(table)[len(ladder)]
    assert [first[title].text for title in ("Best of", "Step", "Seeds there")] == [
        "tuned",
        "study",
        f"{NOT_REACHED} (0 of 3)",
    ]
    alone = ladder_tables(frame_of(*make_climb(), tuned=None), "kWh")["ladder_targets"]
    assert len(alone.rows) == len(ladder)


def test_a_target_reached_by_one_seed_only_has_a_count_and_no_ratio():
    ladder = small(lucky=[[(0.7, 0.5)], [(0.85, 0.5)], [(0.85, 0.5)]])
    row = rows_of(ladder_tables(ladder, "kWh")["ladder_targets"])[1]
    assert row["Seeds there"].text == "1 of 3"
    assert (row["Less energy"].text, row["95 % interval 8"].text) == ("1 of 3", MISSING)


def test_unknown_energies_are_dashes_and_words_and_never_zeros():
    ladder = small(dark=[[(0.7, None)]] * 3, dim=[[(0.7, None)], [(0.7, 0.5)], [(0.7, 0.5)]])
    tables = ladder_tables(ladder, "kWh")
    dark, dim = rows_of(tables["ladder"])[1:]
    assert (dark["Training"].text, dark["Training"].mark, dark["Less energy"].text) == (
        MISSING,
        "",
        "unknown",
    )
    assert dim["Less energy"].text == "unknown"
    assert "dim: training energy known for 2 of 3 seeds." in tables["ladder"].notes


def test_notes_report_few_seeds_and_energies_that_are_upper_bounds():
    notes = ladder_tables(small(quick=[[(0.7, 0.1)]] * 2), "kWh")["ladder"].notes
    assert "Fewer than 3 seeds, so intervals are not reliable: quick." in notes
    assert (
        "At or below the target already after the first epoch, so its energy is an upper bound: quick."
        in notes
    )


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
