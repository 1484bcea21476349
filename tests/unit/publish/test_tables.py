import re
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_checkpoints import make_checkpoints
from made_study import study_files, write_study
from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.runs.runs import runs_frame
from wattshed.energy.reading import TOO_SHORT
from wattshed.foundation.faults import Fault
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import swept_cells
from wattshed.publish.tables.accuracy import accuracy_table, short_epochs_notes
from wattshed.publish.tables.adaptation import adaptation_table
from wattshed.publish.tables.checkpoints import checkpoints_tables
from wattshed.publish.tables.clocks import clocks_table
from wattshed.publish.tables.compression import compression_table
from wattshed.publish.tables.energy import energy_table
from wattshed.publish.tables.frontier import frontier_table
from wattshed.publish.tables.matrices import matrix_table
from wattshed.publish.tables.nodes import nodes_table
from wattshed.publish.typesetting.latex import compile_tex, escape, render_table
from wattshed.publish.typesetting.table import ESTIMATED, MISSING, SIMULATED, Cell, Column, Table, significant


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def tables(study):
    compression = pd.read_parquet(study / "compression.parquet")
    found = {
        name: pd.concat(map(pd.read_parquet, study_files(study)[name]))
        for name in ("matrices", "adaptation_days")
    }
    matrix, days = found["matrices"], found["adaptation_days"]
    frontier = pd.read_parquet(study / "frontier.parquet")
    scores = pd.read_parquet(study / "accuracy/scores.parquet")
    made = [
        accuracy_table(scores, frontier, "kWh", "capped at 1 epoch (the study runs 50)"),
        nodes_table(scores, "kWh"),
        energy_table(pd.read_parquet(study / "emissions.parquet")),
        frontier_table(frontier, "kWh"),
        adaptation_table(pd.read_parquet(study / "adaptation.parquet"), days, "kWh"),
        matrix_table(matrix, "replay", "kWh"),
        compression_table(compression, "kWh"),
        clocks_table(swept_cell(study)),
    ]
    return {table.name: table for table in made}


def swept_cell(study):
    files = study_files(study)
    return swept_cells(Inputs({name: files[name] for name in ("sweep", "choice")}))[0]


def column(table, title):
    place = [c.title for c in table.columns].index(title)
    return [row[place] for row in table.rows]


def test_the_accuracy_table_has_every_model_sorted_with_the_winner_named_and_bold(tables, study):
    table = tables["accuracy"]
    scores = pd.read_parquet(study / "accuracy/scores.parquet")
    logs = np.log(scores[scores["scope"] == "all"].set_index("model")["rmse"])
    means = np.exp(logs.groupby("model").mean()).sort_values()
    assert [cell.text for cell in column(table, "Model")] == list(means.index)
    assert [cell.text for cell in column(table, "RMSE")] == [f"{value:.4f}" for value in means]
    assert [cell.best for cell in column(table, "RMSE")] == [True] + [False] * (len(means) - 1)
    assert "capped at 1 epoch (the study runs 50)" in table.notes
    assert [cell.text for cell in column(table, "n")] == [
        str(scores[(scores["scope"] == "all") & (scores["model"] == m)].shape[0]) for m in means.index
    ]


def test_a_model_with_epochs_too_short_to_measure_is_named_in_a_note(study):
    windows = pd.read_parquet(study / "windows.parquet")
    assert short_epochs_notes(windows) == []
    mine = (windows["window"] == "epoch") & (windows["model"] == "gru")
    windows.loc[mine, "energy_kwh"] = None
    assert short_epochs_notes(windows) == []
    windows.loc[mine, "cpu_source"] = f"cpu load: window of 0.07 s {TOO_SHORT} of 0.1 s"
    assert short_epochs_notes(windows) == [
        "gru has a dash: its epochs are shorter than the sensors' resolution, so their energy is unknown."
    ]


def test_abbreviations_of_continual_learning_are_spelt_out(tables):
    notes = " ".join(tables["adaptation"].notes)
    for words in (
        "ACC (mean error)",
        "BWT (backward transfer)",
        "FWT (forward transfer)",
        "untrained network",
        "pools",
    ):
        assert words in notes
    assert "base is the test part" in tables["matrix-replay"].notes[0]


def test_estimates_have_a_mark_and_a_note_that_explains_it(tables):
    assert all(
        cell.mark == ESTIMATED for cell in column(tables["accuracy"], "Training") if cell.text != "no fit"
    )
    for name in ("accuracy", "energy", "frontier", "adaptation", "compression"):
        assert any("estimated" in note and ESTIMATED in note for note in tables[name].all_notes), name


def test_a_missing_sensor_is_shown_as_a_dash_and_never_as_zero(tables):
    assert {cell.text for cell in column(tables["energy"], "GPU")} == {MISSING}
    assert any("GPU" in note for note in tables["energy"].notes)


def test_every_caption_or_column_states_n(tables):
    for table in tables.values():
        assert "n = " in table.caption or any(c.title == "n" for c in table.columns), table.name


def test_a_strategy_that_never_learns_has_no_energy_per_update(tables):
    cells = dict(zip([c.text for c in column(tables["adaptation"], "Strategy")],
                     column(tables["adaptation"], "Per update"), strict=True))  # fmt: skip
    assert cells["frozen"].text == "none"
    assert cells["naive"].mark == ESTIMATED


def test_updates_have_their_change_and_outcome_and_the_control_has_none(tables):
    names = [cell.text for cell in column(tables["adaptation"], "Strategy")]
    for title, pattern in (
        ("Δ", r"-?\d\.\d"),
        ("95 % int.", r"\[.+\]"),
        ("Outcome", "better|worse|not told apart"),
    ):
        cells = dict(zip(names, column(tables["adaptation"], title), strict=True))
        assert cells["frozen"].text == MISSING
        assert re.fullmatch(pattern, cells["naive"].text), title


def test_the_verdict_is_over_all_seeds_and_changes_are_means_of_ratios(study):
    rows = pd.read_parquet(study / "compression.parquet")
    over = rows.index[rows["variant"] == "prune_half"]
    rows.loc[over, "rmse_change_share"] = [1.0, -0.5, 0.331]
    table = compression_table(rows, "kWh")
    shown = dict(zip(column(table, "Variant"), column(table, "ΔRMSE"), strict=True))
    assert shown[Cell("prune_half")].text == "10.0"
    assert variant_means(rows).set_index("variant").loc["prune_half_tuned", "verdict"] == "worth it here"
    assert table.notes[0].startswith("prune_half: RMSE rises by 11.0 %")


def test_energies_of_variants_are_averaged_as_in_the_chains(study):
    rows = pd.read_parquet(study / "compression.parquet")
    means = variant_means(rows).set_index("variant")["energy_j_per_1000_forecasts_mean"]
    for variant, group in rows.groupby("variant"):
        expected = group["energy_j_per_1000_forecasts"].prod(skipna=False) ** (1 / len(group))
        assert means[variant] == pytest.approx(expected, nan_ok=True)
    rows.loc[rows.index[rows["variant"] == "prune_half"][0], "energy_j_per_1000_forecasts"] = None
    unknown = variant_means(rows).set_index("variant").loc["prune_half", "energy_j_per_1000_forecasts_mean"]
    assert pd.isna(unknown)


def test_the_energy_table_reports_killed_and_overlapping_jobs(study):
    runs = runs_frame(sorted((study / "ledger").rglob("*.jsonl")))
    runs.loc[0, "truncated"] = True
    runs.loc[[1, 2], "overlaps"] = "another"
    notes = " ".join(energy_table(runs).notes)
    assert "1 jobs were killed" in notes
    assert "2 jobs ran beside another one" in notes


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.6894, "0.689"), (123456.0, "123456"), (0.00123, "0.00123"), (1e-7, "< 0.001"), (0.0, "0"), (None, MISSING),
     (9.999, "10.00"), (-2.5, "-2.50"), (float("nan"), MISSING)],
)  # fmt: skip
def test_numbers_are_shown_with_significant_digits(value, text):
    assert significant(value).text == text


@settings(max_examples=100)
@given(st.text(alphabet=r"abz019 \&%$#_{}~^<>", max_size=30))
def test_no_special_character_survives_escaping(text):
    kept = escape(text)
    for known in (
        r"\textbackslash{}",
        r"\textasciitilde{}",
        r"\textasciicircum{}",
        r"\ensuremath{<}",
        r"\ensuremath{>}",
    ):
        kept = kept.replace(known, "")
    for known in [r"\&", r"\%", r"\$", r"\#", r"\_", r"\{", r"\}"]:
        kept = kept.replace(known, "")
    assert not set(kept) & set(r"\&%$#_{}~^<>")


def test_rendering_twice_gives_the_same_bytes(tables):
    for table in tables.values():
        assert render_table(table) == render_table(table)


needs_latexmk = pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")


@pytest.mark.latex
@needs_latexmk
def test_every_table_compiles_and_fits_the_page(tables, tmp_path):
    for name, table in tables.items():
        tex = tmp_path / f"{name}.tex"
        tex.write_text(render_table(table))
        pdf = compile_tex(tex, tmp_path / "out")
        assert pdf.stat().st_size > 1000
        log = pdf.with_suffix(".log").read_text(errors="replace")
        assert "Overfull" not in log, name
        assert "Missing character" not in log, name


@pytest.mark.latex
@needs_latexmk
def test_labels_with_special_characters_compile(tmp_path):
    hostile = r"50% of_{a}^b & $x$ ~#\\ <é> ΔR² ≤ 1 †"
    columns = [Column(hostile, "a_b"), Column(hostile, "%", numeric=True)]
    rows = [
        [Cell(hostile, ESTIMATED), Cell("-1.25", SIMULATED, best=True)],
        [Cell(""), Cell("< 0.001", ESTIMATED)],
    ]
    tex = tmp_path / "hostile.tex"
    tex.write_text(render_table(Table("hostile", hostile, columns, rows, [hostile])))
    assert compile_tex(tex, tmp_path / "out").is_file()


@pytest.mark.latex
@needs_latexmk
def test_a_table_that_does_not_compile_is_reported_with_the_latex_error(tables, tmp_path):
    tex = tmp_path / "broken.tex"
    tex.write_text(render_table(tables["energy"]).replace(r"\toprule", r"\noSuchRule"))
    with pytest.raises(Fault, match=r"broken\.tex does not compile: .*Undefined control sequence"):
        compile_tex(tex, tmp_path / "out")


def test_the_peak_of_a_checkpoint_that_a_kernel_computes_is_a_dash():
    frame, _ = make_checkpoints({"net": {}, "net+int8": {}})
    peaks = frame["peak_torch_bytes_32_windows"].astype("Int64").mask(frame["lineage"] == "net")
    table = checkpoints_tables(frame.assign(peak_torch_bytes_32_windows=peaks), "kW")["checkpoints_times"]
    place = [column.title for column in table.columns].index("Peak")
    assert [row[place].text for row in table.rows] == [MISSING, "195"]
    assert any("a dash where a kernel computes" in note for note in table.notes)
