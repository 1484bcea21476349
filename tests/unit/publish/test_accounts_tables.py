import re
import shutil

import numpy as np
import pandas as pd
import pytest

from made_runs import make_metrics, make_runs
from wattshed.accounts.comparison.fronts import fronts_frame
from wattshed.accounts.comparison.leaders import low_carbon_leaders
from wattshed.accounts.comparison.normalised import normalised_metrics
from wattshed.foundation.faults import Fault
from wattshed.publish.tables.fronts import fronts_table
from wattshed.publish.tables.leaders import leaders_table
from wattshed.publish.tables.normalised import normalised_tables
from wattshed.publish.typesetting.latex import compile_tex, render_table
from wattshed.publish.typesetting.status_marks import RETRO_MARK, energy_mark
from wattshed.publish.typesetting.table import ESTIMATED, MISSING, powers, powers_interval

NAMES = ("fronts", "overall", "leaders", "leading runs", "normalised", "rest")


@pytest.fixture(scope="module")
def runs():
    runs = make_runs(
        ("gru", "ridge", "stgnn", "old_net"), countries=("DE", "ES"), seasons=("summer",), repeats=2
    )
    runs.loc[runs["model"] == "ridge", "energy_status"] = "measured"
    runs.loc[runs["model"] == "stgnn", ["energy_kwh", "attributed_kwh", "co2e_kg"]] = np.nan
    runs.loc[runs["model"] == "stgnn", "energy_status"] = "missing"
    runs.loc[runs["model"] == "old_net", ["origin", "energy_status"]] = ["retro-estimate", "retro-estimated"]
    runs.loc[0, "flags"] = "constant power"
    return runs


@pytest.fixture(scope="module")
def metrics(runs):
    return make_metrics(runs.assign(energy_kwh=runs["energy_kwh"].fillna(0.02)))


@pytest.fixture(scope="module")
def tables(runs, metrics):
    fronts = fronts_frame(runs, metrics)
    leaders = low_carbon_leaders(runs, metrics, limit_kg=0.1)
    made = [
        fronts_table(fronts, "DE summer", "pp"),
        fronts_table(fronts, "overall", "pp", kind="carbon"),
        leaders_table(leaders, "pp"),
        leaders_table(low_carbon_leaders(runs, metrics, limit_kg=0.1, by="run_id"), "pp"),
        *normalised_tables(normalised_metrics(runs, metrics), "pp"),
    ]
    return dict(zip(NAMES, made, strict=True))


def rows_of(table):
    titles = [column.title for column in table.columns]
    return [dict(zip(titles, row, strict=True)) for row in table.rows]


def test_every_row_has_every_column_and_a_count(tables):
    for table in tables.values():
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert "n" in [column.title for column in table.columns]
        assert sum(column.title == "95 % interval" for column in table.columns) >= 2


def test_marks_distinguish_measured_estimated_and_retro_estimated_energies(tables):
    marks = {row["Model"].text: row["Energy"].mark for row in rows_of(tables["fronts"])}
    assert marks == {"ridge": "", "gru": ESTIMATED, "stgnn": "", f"old_net{RETRO_MARK}": RETRO_MARK}
    unknown = next(row for row in rows_of(tables["fronts"]) if row["Model"].text == "stgnn")
    assert unknown["Energy"].text == MISSING
    assert unknown["Front"].text == "energy unknown"
    assert any(note.startswith(RETRO_MARK) for note in tables["fronts"].all_notes)
    assert any(note.startswith(ESTIMATED) for note in tables["fronts"].all_notes)
    assert not any(note.startswith(RETRO_MARK) for note in tables["leaders"].all_notes)
    assert [energy_mark(s) for s in ("measured", "missing", pd.NA)] == ["", "", ""]


def test_models_on_a_front_are_bold_and_rows_are_sorted_by_error(tables):
    rows = rows_of(tables["fronts"])
    for row in rows:
        assert row["Model"].best == (row["Front"].text == "on the front")
    errors = [float(row["RMSE"].text) for row in rows]
    assert errors == sorted(errors)


def test_flags_have_a_column_only_if_there_are_any(tables, runs, metrics):
    assert "constant power" in [row["Flags"].text for row in rows_of(tables["fronts"])]
    clean = fronts_table(fronts_frame(runs.assign(flags=pd.NA), metrics), "DE summer", "pp")
    assert "Flags" not in [column.title for column in clean.columns]
    assert all(len(row) == len(clean.columns) for row in clean.rows)


def test_an_unknown_scope_is_refused_with_the_known_ones(runs, metrics):
    with pytest.raises(Fault, match="DE summer, ES summer, overall"):
        fronts_table(fronts_frame(runs, metrics), "DK winter", "pp")
    with pytest.raises(Fault, match="no front of 'water'"):
        fronts_table(fronts_frame(runs, metrics), "overall", "pp", kind="water")


def test_the_leaders_table_reports_skipped_runs_with_the_reason(tables):
    note = tables["leaders"].notes[0]
    assert "Runs left out, 8 in all" in note
    assert "mass unknown: 4" in note
    assert "retro-estimated: 4" in note
    assert "at most 0.100 kg" in tables["leaders"].caption
    assert "constant power" in " ".join(row["Remark"].text for row in rows_of(tables["leaders"]))


def test_a_small_limit_is_shown_in_a_suitable_unit(runs, metrics):
    small = low_carbon_leaders(runs, metrics, limit_kg=3.21e-6, limit_kwh=2.5e-8)
    caption = leaders_table(small, "pp").caption
    assert "at most 3.21 mg CO₂e per run" in caption
    assert "at most 90.0 mJ per run where the mass is unknown" in caption


def test_a_leaders_table_without_any_run_under_the_limit_still_renders(runs, metrics):
    table = leaders_table(low_carbon_leaders(runs, metrics, limit_kg=1e-9), "pp")
    assert table.rows == []
    assert "none found" in table.caption
    assert r"\begin{tabular}" in render_table(table)


def test_the_ratio_table_has_its_warning(tables):
    assert any("neither ranks models" in note for note in tables["normalised"].all_notes)
    per_forecast = [row["1,000 forecasts"].text for row in rows_of(tables["rest"])]
    assert set(per_forecast) == {MISSING}


def test_ratios_of_any_size_have_three_digits(runs, metrics):
    costs = ["energy_kwh", "attributed_kwh", "co2e_kg"]
    tiny = runs.assign(**{cost: 1e-12 * runs[cost] for cost in costs})
    row = rows_of(normalised_tables(normalised_metrics(tiny, metrics), "pp")[0])[0]
    assert re.fullmatch(r"\d\.\d\d × 10[⁰¹²³⁴⁵⁶⁷⁸⁹]+", row["MAE per kWh"].text)
    assert re.fullmatch(r"\[.*\d\.\d\d\] × 10[⁰¹²³⁴⁵⁶⁷⁸⁹]+", row["95 % interval"].text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(744068842243.0, "7.44 × 10¹¹"), (99_950.0, "99950"), (123456.0, "1.23 × 10⁵"), (0.5, "0.500"), (0.0, "0"),
     (1.5e-7, "1.50 × 10⁻⁷"), (-2e9, "-2.00 × 10⁹"), (9.996e9, "1.00 × 10¹⁰"), (None, MISSING)],
)  # fmt: skip
def test_long_decimals_are_written_as_powers_of_ten(value, text):
    assert powers(value).text == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(7e11, 8.5e11, "[7.00, 8.50] × 10¹¹"), (-1e8, 2e9, "[-0.10, 2.00] × 10⁹"), (1.0, 2.0, "[1.00, 2.00]"),
     (None, None, MISSING)],
)  # fmt: skip
def test_the_ends_of_an_interval_share_their_power_of_ten(low, high, text):
    assert powers_interval(low, high).text == text


@pytest.mark.latex
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_tables_compile(tables, name, tmp_path):
    tex = tmp_path / "table.tex"
    tex.write_text(render_table(tables[name]), encoding="utf-8")
    assert compile_tex(tex, tmp_path / "made").stat().st_size > 5000
