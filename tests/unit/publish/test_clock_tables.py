"""Tables of clocks: their numbers are the choice's own, signs are kept, and what is simulated or refused says so."""

import pandas as pd
import pytest

from clock_choices import made_choice, made_sweep
from made_clocks import made_governor, made_mix, made_predictions, made_standings
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose
from wattshed.clocks.validating.validate import validate
from wattshed.foundation.writing import write_json, write_parquet
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, listed, swept_cells
from wattshed.publish.sentences.clock_choice import choice_sentences, clock_summary
from wattshed.publish.sentences.trust import simulated_sweeps
from wattshed.publish.tables.clock_answers import clock_answers_table
from wattshed.publish.tables.clock_checks import clock_checks_table
from wattshed.publish.tables.clock_choices import clock_choices_table
from wattshed.publish.tables.clock_governor import clock_governor_table
from wattshed.publish.tables.clock_predictions import clock_predictions_table
from wattshed.publish.tables.clocks import LAW_NOTE, MEDIAN_NOTE, RAW_NOTE, clocks_table
from wattshed.publish.typesetting.latex import render_table
from wattshed.publish.typesetting.table import CHECK, MISSING, SIMULATED


@pytest.fixture(scope="module")
def cell():
    """A measured sweep whose best clock within 15 % is recommended."""
    sweep = made_sweep(noise=0.005)
    return SweptCell("recorded.a", sweep, choose(sweep, Limits(0.15))[0].to_json())


def changed(cell, **values):
    return SweptCell(cell.name, cell.rows, cell.choice | values)


def refused(cell, reason="too noisy", **values):
    return changed(
        cell,
        status="refused",
        verdict="no practical point: keep the maximum",
        outcome="undecided",
        reason=reason,
        setting=cell.choice["maximum"],
        candidate=None,
        fitted=[],
        picks=[],
        **dict.fromkeys(
            ("saving_share", "saving_low", "saving_high", "slowdown_share", "slowdown_low", "slowdown_high")
        ),
        **values,
    )


def column(table, title, place=0):
    found = [number for number, one in enumerate(table.columns) if one.title == title][place]
    return [row[found] for row in table.rows]


def texts(cells):
    return [cell.text for cell in cells]


def test_the_numbers_of_the_table_are_the_choices_own_fitted_values(cell):
    table = clocks_table(cell)
    for setting, energy, saved in zip(
        *(texts(column(table, title)) for title in ("SM clock", "Energy", "Saved")), strict=True
    ):
        row = next(one for one in cell.choice["fitted"] if one["setting"] == int(setting))
        assert float(energy) == pytest.approx(row["energy_j"], rel=0.01)
        if int(setting) != cell.choice["maximum"]:
            assert float(saved) == pytest.approx(100 * row["saving_share"], abs=0.05)
    # The note repeats the number of the candidate's row.
    place = texts(column(table, "SM clock")).index(str(cell.choice["candidate"]))
    assert f"energy saved {texts(column(table, 'Saved'))[place]} %" in " ".join(table.notes)


def test_only_the_setting_to_run_at_is_bold(cell):
    bold = [one.text for one in column(clocks_table(cell), "SM clock") if one.best]
    assert bold == [str(cell.choice["setting"])]
    kept = changed(cell, status="keep", setting=cell.choice["maximum"])
    assert [one.text for one in column(clocks_table(kept), "SM clock") if one.best] == [
        str(cell.choice["maximum"])
    ]


@pytest.mark.parametrize(("estimator", "note"), [("law", LAW_NOTE), ("median", MEDIAN_NOTE)])
def test_the_note_names_the_estimator(cell, estimator, note):
    notes = clocks_table(changed(cell, estimator=estimator)).notes
    assert [one for one in notes if one in (LAW_NOTE, MEDIAN_NOTE)] == [note]


def test_a_refused_sweep_shows_raw_means_as_such_and_states_no_saving(cell):
    table = clocks_table(refused(cell))
    assert "raw means" in table.caption
    assert RAW_NOTE in table.notes
    assert "Saved" not in [one.title for one in table.columns]
    warm = cell.rows[cell.rows["warm"]].groupby("setting")["power_w"].mean()
    for setting, power in zip(*(texts(column(table, title)) for title in ("SM clock", "Power")), strict=True):
        assert float(power) == pytest.approx(warm[int(setting)], rel=0.01)
    assert choice_sentences(refused(cell).choice) == [
        "Result (measured): no practical point: keep the maximum, undecided; too noisy."
    ]


def test_simulated_clocks_are_marked_in_every_number_caption_and_verdict(cell):
    table = clocks_table(changed(cell, label="simulated", gpu="simulated GPU"))
    for title in ("Time", "Power", "Energy", "Saved", "Slower"):
        assert all(one.mark == SIMULATED for one in column(table, title) if one.text != MISSING)
    assert "simulated" in table.caption
    assert table.notes[0].startswith("Simulated result:")
    assert any(note.startswith(SIMULATED) for note in table.all_notes)


def test_a_power_limit_has_its_own_title_and_unit():
    sweep = made_sweep(knob="power_limit", settings=(150, 200, 250, 300))
    limit = SweptCell("limits", sweep, made_choice(sweep, 200))
    first = clocks_table(limit).columns[0]
    assert (first.title, first.unit) == ("Power limit", "W")
    assert "power limit" in limit.title
    assert "200 W against the largest power limit, 300 W" in " ".join(choice_sentences(limit.choice))
    assert texts(column(clock_answers_table([limit]), "Run at")) == ["200\u00a0W"]


def test_the_answers_put_limits_and_no_limits_side_by_side(cell):
    table = clock_answers_table([cell, refused(cell)])
    choice = cell.choice
    free = next(pick for pick in choice["picks"] if (pick["rule"], pick["constrained"]) == ("energy", False))
    # The rule least energy keeps the limit by itself, so that the plain least energy is what is without limits.
    assert choice["rule"] == "least_energy"
    assert texts(column(table, "Best without limits"))[0].startswith(f"{free['setting']}\u00a0[")
    assert texts(column(table, "Best within the limits"))[0].startswith(f"{choice['candidate']}\u00a0[")
    assert texts(column(table, "Saved", 1))[0] == f"{100 * free['saving_share']:.1f}"
    assert [one.best for one in column(table, "Run at")] == [True, False]
    assert texts(table.rows[1])[3:] == [MISSING] * (len(table.columns) - 3)
    assert any("too noisy" in note for note in table.notes)
    assert "1 of n = 2" in table.caption


def test_cells_that_were_refused_for_one_reason_share_a_note(cell):
    table = clock_answers_table([refused(cell), refused(cell, gpu="B"), refused(cell, "too few runs")])
    notes = [note for note in table.notes if "too" in note]
    assert notes == [
        f"{cell.title}; {refused(cell, gpu='B').title}: too noisy.",
        f"{cell.title}: too few runs.",
    ]


def test_many_names_are_counted():
    assert listed(["a", "b"]) == "a; b"
    assert listed([str(place) for place in range(13)]).endswith("9; and 3 others")


def test_every_rule_has_its_pick_without_limits_and_within_them(cell):
    table = clock_choices_table(cell)
    rules = list(dict.fromkeys(pick["rule"] for pick in cell.choice["picks"]))
    assert texts(column(table, "Rule")) == [rule.replace("_", " ") for rule in rules]
    for pick in cell.choice["picks"]:
        side = "within" if pick["constrained"] else "without"
        text = texts(column(table, f"Setting {side}"))[rules.index(pick["rule"])]
        assert text == f"{pick['setting']}\u00a0[{pick['setting_low']},\u00a0{pick['setting_high']}]"
    bold = [one.text for row in table.rows for one in row if one.best]
    assert bold[0] == "least energy"
    assert bold[1].startswith(str(cell.choice["setting"]))
    assert len(bold) == 2


def test_signs_are_kept_and_a_rule_without_a_pick_says_why(cell):
    picks = [dict(pick) for pick in cell.choice["picks"]]
    for pick in picks:
        if (pick["rule"], pick["constrained"]) == ("edp", False):
            pick.update(saving_share=-0.05, slowdown_share=-0.02, edp_gain_share=-0.03)
        if (pick["rule"], pick["constrained"]) == ("edp", True):
            pick.update(setting=None, reason="no setting within 5.0% slowdown")
    table = clock_choices_table(changed(cell, picks=picks))
    row = texts(table.rows[texts(column(table, "Rule")).index("edp")])
    assert row[3].startswith("-5.0 [")
    assert row[5] == "-2.0"
    assert row[7] == "-3.0"
    assert [row[place] for place in (2, 4, 6, 8)] == [MISSING] * 4
    assert "Nothing within the limits by edp: no setting within 5.0 % slowdown." in table.notes


def test_checks_are_listed_one_by_one_and_failures_are_named(cell):
    good = validate(cell.choice, cell.rows).to_json()
    forged = validate(cell.choice | {"saving_share": 0.6}, cell.rows).to_json()
    table = clock_checks_table([good, forged])
    assert len(table.rows) == len(good["checks"]) + len(forged["checks"])
    assert "1 passed, 1 failed" in table.caption
    results = texts(column(table, "Result"))
    assert set(results[: len(good["checks"])]) <= {CHECK, "warning"}
    failed = [check["name"] for check in forged["checks"] if check["must"] and not check["passed"]]
    assert failed
    assert results[len(good["checks"]) :].count("failed") == len(failed)
    assert any(all(name in note for name in failed) for note in table.notes)


def test_a_choice_without_checks_keeps_its_reason():
    none = {"gpu": "A", "workload": "w", "result": "not judged", "reason": "no rows", "checks": []}
    assert texts(clock_checks_table([none]).rows[0]) == ["A, w: not judged", "none", "", "no rows", ""]


def test_predictions_state_lead_and_verdict_models_first():
    table = clock_predictions_table(made_standings(), made_predictions(), set())
    assert texts(column(table, "Picker")) == ["law", "prior", "median optimum"]
    assert [one.best for one in column(table, "Picker")] == [True, True, False]
    assert texts(column(table, "n")) == ["0 of 4", "4", "4"]
    assert texts(column(table, "Lead")) == [MISSING, "2.0", MISSING]
    assert texts(column(table, "Verdict"))[1] == "beats the median optimum, but not best probe"
    assert "n = 4 cells of 2 GPUs and 2 workloads" in table.caption
    assert any("No GPU was left out" in note for note in table.notes)


def test_predictions_of_simulated_cells_are_marked_and_some_are_counted():
    cells = {(gpu, workload) for gpu in ("A100", "V100") for workload in ("llama", "whisper")}
    table = clock_predictions_table(made_standings(), made_predictions(), cells)
    assert {one.mark for one in column(table, "Best")} == {SIMULATED}
    some = clock_predictions_table(made_standings(), made_predictions(), {("A100", "llama")})
    assert {one.mark for one in column(some, "Best")} == {""}
    assert "1 of the 4 cells are simulated." in some.notes


def test_a_study_without_any_prediction_says_so():
    empty = clock_predictions_table(made_standings().iloc[:0], made_predictions().iloc[:0], set())
    assert empty.rows == []
    assert empty.notes[0].startswith("Nothing was predicted")
    assert r"\toprule" in render_table(empty)


def test_the_governor_is_compared_with_the_maximum_static_clocks_and_the_oracle():
    table = clock_governor_table(made_governor())
    assert len(table.rows) == 15
    ways = texts(column(table, "Way to run"))[:5]
    assert ways == [
        "maximum",
        "best static clock",
        "static in hindsight",
        "governor",
        "oracle",
    ]
    saved = texts(column(table, "Saved"))[:5]
    assert saved == ["0.0", "5.0", "4.0", "5.0", "10.0"]
    assert texts(column(table, "Saved, lowest"))[3] == "2.0"
    # (0.08 x 1000 J + 0.02 x 3000 J) of 400 J.
    assert texts(column(table, "Of the oracle"))[:5] == ["0", "50", "40", "35", "100"]
    assert texts(column(table, "Over the limit"))[:5] == ["0", "2", "0", "0", "0"]
    assert all(one.mark == SIMULATED for one in column(table, "Saved"))
    assert any("would have changed the clock 3 times" in note for note in table.notes)


def test_an_oracle_that_saves_nothing_has_no_share():
    only = made_governor([made_mix(oracle_saving_share=0.0, saving_share=0.0)])
    table = clock_governor_table(only)
    assert len(table.rows) == 5
    assert set(texts(column(table, "Of the oracle"))) == {MISSING}


def test_few_choices_are_said_in_full_and_many_by_status(cell):
    choice = cell.choice
    assert len(clock_summary([choice])) == 1
    assert clock_summary([choice] * 2)[0].startswith(
        "NVIDIA A100-SXM4-80GB (measured), llama: Result (measured)"
    )
    many = clock_summary([choice, refused(cell).choice, choice, refused(cell).choice])
    assert [sentence.split(":")[0] for sentence in many] == [
        "Run at a lower setting",
        "Refused, so that no saving is stated",
    ]
    assert f"at {choice['setting']} of {choice['maximum']} MHz (saves " in many[0]


def test_simulated_sweeps_are_counted_where_others_are_measured(cell):
    invented = cell.choice | {"label": "simulated"}
    assert simulated_sweeps([cell.choice]) == []
    assert simulated_sweeps([invented, invented])[0].startswith("The GPU clock sweep is simulated")
    assert simulated_sweeps([cell.choice, invented])[0].startswith("1 of 2 GPU clock sweeps are simulated")


def test_cells_of_one_gpu_and_workload_are_told_apart_by_uuid_and_knob(tmp_path):
    frames = [made_sweep(gpu_uuid=f"GPU-{place}") for place in (1, 2)]
    write_parquet(tmp_path / "both.sweep.parquet", pd.concat(frames, ignore_index=True))
    write_json(tmp_path / "both.choice.json", {"choices": [made_choice(frame, 990) for frame in frames]})
    files = {"sweep": [tmp_path / "both.sweep.parquet"], "choice": [tmp_path / "both.choice.json"]}
    found = swept_cells(Inputs(files))
    assert len({one.name for one in found}) == 2
    assert [len(one.rows) for one in found] == [len(frame) for frame in frames]
