"""The report: its numbers, its sections and what it needs."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from made_ladder_files import ladder_frames
from made_study import study_files
from shown_parts import FIGURES, SETTINGS, TABLES, embedded
from wattshed.foundation.faults import Fault
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.numbers import report_numbers
from wattshed.publish.report.page import render_report


def test_the_numbers_equal_those_recomputed_from_the_ledgers_and_scores(page, study):
    numbers = embedded(page)
    ledgers = [
        json.loads(line) for p in (study / "ledger").rglob("*.jsonl") for line in p.read_text().splitlines()
    ]
    ends = [event for event in ledgers if event["event"] == "end"]
    total = sum(c["kwh"] for event in ends for c in event["energy"].values() if c["kwh"] is not None)
    assert numbers["energy"]["total"]["energy_kwh"] == pytest.approx(total)
    assert numbers["energy"]["total"]["co2e_kg"] == pytest.approx(total * 0.17405)
    assert numbers["energy"]["total"]["gpu_kwh"] is None
    epochs = [
        e
        for e in ledgers
        if e["event"] == "window" and e["name"] == "epoch" and e["labels"]["model"] == "gru"
    ]
    by_seed = [
        sum(c["kwh"] or 0 for e in epochs if e["labels"]["seed"] == seed for c in e["energy"].values())
        for seed in (1, 2, 3)
    ]
    per_run = np.exp(np.mean(np.log(by_seed)))
    assert numbers["frontier"]["gru"]["training_kwh_mean"] == pytest.approx(per_run)
    scores = pd.read_parquet(study / "accuracy/scores.parquet")
    for model, group in scores[scores["scope"] == "all"].groupby("model"):
        assert numbers["accuracy"][model]["rmse_mean"] == pytest.approx(np.exp(np.log(group["rmse"]).mean()))
        assert numbers["accuracy"][model]["n"] == len(group)
    raw = pd.read_parquet(study / "compression.parquet")
    assert numbers["compression"]["stgnn"]["rmse_mean"] == pytest.approx(
        np.exp(np.log(raw[raw["variant"] == "stgnn"]["rmse"]).mean())
    )
    assert numbers["compression"]["int8"]["rmse_mean"] is None


def test_the_numbers_are_strict_json_and_equal_those_of_report_numbers(page, inputs):
    assert embedded(page) == json.loads(json.dumps(report_numbers(inputs), allow_nan=False))


def test_the_page_needs_no_other_file(page):
    assert (
        page.count("data:image/png;base64,") == len(FIGURES) - 1
    )  # the frontier is for the paper: the page has the picture of the useful models
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "://" not in page.split("<pre>")[0]


def test_the_page_has_all_sections_and_the_origin_of_the_results(page):
    sections = re.findall(r'<section id="(\w+)"', page)
    assert sections == [
        "answer",
        "models",
        "controls",
        "claims",
        "stages",
        "adaptation",
        "compression",
        "chains",
        "recommended",
        "clocks",
        "notes",
        "rest",
        "origin",
    ]
    folded = re.findall(r'<details id="(\w+)"', page)
    assert folded == [
        "errors",
        "training",
        "energies",
        "months",
        "checkpoints",
        "clock_rules",
        "clock_control",
        "sweep",
        "data",
    ]
    for text in (
        "0123abcd",
        "Test CPU",
        "torch 2.13.0",
        "174.1 g CO₂e per kWh",
        "ESP",
    ):
        assert text in page
    assert "capped at 1 epoch" in page


def test_the_first_screen_answers_before_any_table(page):
    first = page[page.index('<section id="answer">') : page.index("<nav>")]
    for text in (
        "No energy in this report was measured by a sensor: CPU and RAM estimated",
        "had the machine to themselves",
        "Which model is best?",
        "What does the last percent cost?",
        'id="figure-useful"',
    ):
        assert text in first or text == "had the machine to themselves"
    assert "<table" not in first
    assert "Simulated result" not in first


def test_no_table_and_no_note_is_on_the_page_twice(page):
    ids = re.findall(r'<figure class="table" id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for name in ("frontier", "fronts", "leaders", "normalised_errors"):
        assert f"table-{name}" not in ids
    notes = re.findall(r"<li>(.*?)</li>", page)
    assert len(notes) == len(set(notes))
    assert page.count("Student&#39;s") <= 3


def test_the_other_machines_benchmark_is_folded_away(inputs, figures, study):
    benchmark = study / "engine.json"
    row = dict.fromkeys(("what", "opponent", "measured", "floor", "must", "met"), "x")
    benchmark.write_text(json.dumps({"rows": [row], "notes": ["Machine: another."]}))
    files = study_files(study) | {"engine": [benchmark]}
    page = render_report(Inputs(files, SETTINGS), (*TABLES, "engine"), figures)
    folded = page[page.index('<details id="engine">') :]
    assert "Machine: another." in folded
    assert 'id="table-engine"' not in page[: page.index('<section id="rest">')]


def test_foreign_text_is_escaped(page):
    assert "17 homes &amp; their &lt;meters&gt;" in page
    assert "<meters>" not in page


def test_only_a_study_with_a_ladder_shows_its_tables_and_figure(inputs, figures, page, study):
    assert embedded(page)["ladder"] == {}
    captions = {"stgnn_reference": "the study's recipe", "stgnn": "random <pairs>", "ridge": "closed form"}
    frames = ladder_frames(
        inputs.frame("windows"), inputs.frame("scores"), captions, {"reference": "stgnn_reference"}
    )
    climbed = render_report(
        inputs.replacing(**frames), (*TABLES, "ladder"), figures | {"ladder": study / "one.png"}
    )
    assert climbed.count("data:image/png;base64,") == len(FIGURES)
    assert "random &lt;pairs&gt;" in climbed
    assert '<a href="#ladder">' in climbed
    for name in ("ladder", "ladder_costs", "ladder_targets", "ladder_parts"):
        assert f'id="table-{name}"' in climbed
    assert embedded(climbed)["ladder"]["stgnn"]["seeds"] == 3
    assert embedded(climbed)["ladder"]["stgnn"]["training_kwh_low"] > 0


def test_a_study_without_adaptation_compression_and_sweeps_has_a_report(study, figures):
    left_out = (
        *("adaptation", "matrices", "compression", "chains", "sweep", "choice"),
        *("validation", "governor", "phases", "predictions", "prediction_standings"),
        *("checkpoints", "compared_days", "recommended"),
    )
    files = {name: paths for name, paths in study_files(study).items() if name not in left_out}
    tables = [name for name in TABLES if name not in left_out and "clock" not in name]
    page = render_report(Inputs(files), tables, {name: figures[name] for name in ("degrees", "split")})
    assert re.findall(r'<section id="(\w+)"', page) == [
        "answer",
        "models",
        "controls",
        "claims",
        "stages",
        "notes",
        "rest",
        "origin",
    ]


def test_the_page_says_what_to_use_for_how_many_forecasts_and_why_not_the_others(page):
    for count, lineage in (("1,000", "stgnn"), ("1,000,000", "stgnn+prune_half_tuned")):
        assert f"Use {lineage} for {count} forecasts: it takes " in page
    assert 'id="table-recommended"' in page
    assert 'id="table-checkpoints_energies"' in page
    assert "stgnn+int8 (not available here), for 1,000,000: cannot run here: torch has no int8 engine" in page
    assert "exceeds a limit" in page


def test_a_study_none_of_whose_checkpoints_can_run_here_says_so_and_has_a_report(study, figures):
    files = study_files(study)
    inputs = Inputs(files)
    absent = inputs.frame("checkpoints").assign(validation_rmse=float("nan"), unavailable="no engine")
    page = render_report(
        inputs.replacing(checkpoints=absent), TABLES, {name: figures[name] for name in ("degrees", "split")}
    )
    assert "no compared checkpoint has an error on the validation part" in page


def test_chains_state_after_how_many_forecasts_a_step_pays_for_itself(page):
    steps = embedded(page)["chains"]["stgnn_0"]
    assert list(steps) == ["stgnn", "stgnn+replay", "stgnn+replay+prune_half"]
    assert steps["stgnn+replay+prune_half"]["payback_forecasts_mean"] > 0
    assert 'id="table-chains"' in page


@pytest.mark.parametrize("key", ["scores", "panel", "graph", "choice"])
def test_a_truncated_input_is_reported_by_name(study, figures, tmp_path, key):
    whole = study_files(study)
    broken = tmp_path / whole[key][0].name
    broken.write_bytes(whole[key][0].read_bytes()[:60])
    with pytest.raises(Fault, match=re.escape(str(broken))):
        render_report(Inputs(whole | {key: [broken]}), TABLES, figures)


def test_long_names_break_in_sentences_and_tables_scroll_in_their_box(page):
    assert re.search(r"main, header \{[^}]*overflow-wrap: break-word", page)
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", page)
    assert page.count('<figure class="table"') == len(
        re.findall(r'<div class="scroll" tabindex="0"><table>', page)
    )
