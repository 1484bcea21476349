import json
import re

import numpy as np
import pandas as pd
import pytest

from made_ladder_files import ladder_frames
from made_study import study_files, write_study
from wattshed.foundation.faults import Fault
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.numbers import report_numbers
from wattshed.publish.report.page import render_report
from wattshed.publish.sentences.answers import answers
from wattshed.publish.sentences.outcomes import section_sentences
from wattshed.publish.sentences.trust import knowledge, trust_lines

PNG = b"\x89PNG\r\n\x1a\n made for a test"
SETTINGS = {"note": "capped at 1 epoch (the study runs 50)"}
TABLES = (
    "main",
    "decisions",
    "accuracy",
    "nodes",
    "energy",
    "frontier",
    "fronts",
    "leaders",
    "normalised",
    "chains",
    "adaptation",
    "matrices",
    "compression",
    "checkpoints",
    "recommended",
    "clock_answers",
    "clock_choices",
    "clock_checks",
    "clock_predictions",
    "clock_governor",
    "clocks",
    "quality",
)
FIGURES = (
    "useful",
    "training",
    "forecasts",
    "frontier",
    "clocks",
    "clock_front",
    "clock_metrics",
    "clock_temperature",
    "clock_phases",
    "degrees",
    "horizons",
    "split",
    "energies",
    "overlay",
    "fronts",
    "chains",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = write_study(tmp_path_factory.mktemp("study"))
    (folder / "one.png").write_bytes(PNG)
    return folder


@pytest.fixture(scope="module")
def inputs(study):
    return Inputs(study_files(study), SETTINGS)


@pytest.fixture(scope="module")
def figures(study):
    return dict.fromkeys(FIGURES, study / "one.png")


@pytest.fixture(scope="module")
def page(inputs, figures):
    return render_report(inputs, TABLES, figures)


def embedded(page):
    return json.loads(
        re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.S)[1]
    )


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


def test_the_answers_name_the_best_the_cheapest_and_the_price_of_the_last_percent(inputs):
    said = {answer.question: answer.sentence for answer in answers(inputs)}
    best, cheapest, percent = said.values()
    assert best.startswith("ridge (chosen on validation): test RMSE 0.")
    assert re.search(r"lower than the best naive model, climatology \(better\)", best)
    assert re.search(r"Of the 9 others the test part finds .*worse", best)
    assert "ridge" in cheapest
    assert percent.startswith("Nothing: no cheaper model on the front is useful")


def test_the_last_percent_is_the_last_step_of_the_front(inputs):
    days = inputs.frame("days").copy()
    days.loc[days["model"] == "stgnn", "squared"] *= 0.8
    percent = answers(inputs.replacing(days=days))[2].sentence
    assert percent.startswith("From ridge to stgnn, the last step of the front: RMSE ")
    assert re.search(r"% \[[\d., -]+\] lower \((better|cannot be distinguished)\) for [\d.]+ J more", percent)


def test_each_technique_is_better_undecided_or_worse(inputs):
    said = section_sentences(inputs)
    text = " ".join(said["adaptation"])
    assert re.search(r"(Better than no update|Undecided|Worse than no update): .*stgnn\+replay \(-", text)
    assert any("pay" in sentence for sentence in said["chains"])
    assert said["clocks"][0].startswith("Simulated result:")
    assert "5.0%" not in said["clocks"][0]
    assert any("yearly mix 2023, ESP" in sentence for sentence in said["stages"])


def test_variants_that_are_worth_it_come_first(inputs):
    frame = inputs.frame("compression")
    one = frame["variant"].drop_duplicates().iloc[1]
    undecided = frame.assign(verdict=frame["verdict"].where(frame["variant"] != one, "undecided"))
    said = section_sentences(inputs.replacing(compression=undecided))["compression"]
    heads = [sentence.split(":")[0] for sentence in said]
    assert heads == ["Worth it here", "Undecided", "Not worth it here", "Not available here"]
    assert one in said[1]


def test_nothing_is_claimed_to_be_measured_without_a_sensor(inputs):
    said = " ".join(knowledge(inputs))
    assert "No energy in this report was measured" in said
    assert "GPU energy is missing" in said
    assert "clock sweep is simulated" in said
    assert "panel is synthetic" in said


def test_a_measured_gpu_is_called_measured(inputs):
    runs = inputs.frame("runs").assign(gpu_kwh=1e-4, gpu_status="measured", gpu_source="nvml energy counter")
    said = " ".join(knowledge(inputs.replacing(runs=runs)))
    assert "GPU energy is measured (nvml energy counter)" in said
    assert "No energy in this report was measured" not in said


def used(inputs, **columns):
    """The study's runs, all with 9 s of their own in 10 s; columns replace these."""
    runs = inputs.frame("runs")
    base = {"own_cpu_s": 9.0, "others_cpu_s": 0.1, "duration_s": 10.0}
    return inputs.replacing(runs=runs.assign(**{**base, **columns}))


def first_where(runs, value, otherwise):
    return [value] + [otherwise] * (len(runs) - 1)


def test_the_first_screen_says_which_share_of_the_jobs_was_alone(inputs):
    runs = inputs.frame("runs")
    n = len(runs)
    assert f"All {n} jobs had the machine to themselves" in knowledge(used(inputs))[1]
    beside = used(inputs, others_cpu_s=first_where(runs, 9.0, 0.1))
    said = " ".join(knowledge(beside))
    assert f"Only {n - 1} of {n} jobs had the machine to themselves." in said
    assert f"{runs['job'].iloc[0]} ({runs['stage'].iloc[0]}, 50 %)" in said
    partly = used(inputs, others_cpu_s=first_where(runs, float("nan"), 0.1))
    said = " ".join(knowledge(partly))
    assert f"All {n - 1} jobs of which it is known had the machine to themselves" in said
    assert "Of 1 jobs it is not known." in said
    assert f"{n - 1} of {n} jobs ({100 * (n - 1) / n:.0f} %) had the machine" in " ".join(trust_lines(beside))
    assert "It is not known whether other programs" in " ".join(
        knowledge(used(inputs, own_cpu_s=float("nan")))
    )
    shared = used(inputs, gpu_kwh=1e-4, machine_gpu_kwh=first_where(runs, 1e-3, 1e-4))
    assert f"Only {n - 1} of {n} jobs" in " ".join(knowledge(shared))


def test_the_first_screen_names_the_constants_and_their_sources(inputs):
    constants = json.dumps({"core_w": {"value": 4.0, "unit": "W per busy core", "source": "a table"}})
    said = " ".join(knowledge(inputs.replacing(runs=inputs.frame("runs").assign(constants=constants))))
    assert "Constants of the estimates: 4 W per busy core (a table)." in said
    first = trust_lines(inputs.replacing(runs=inputs.frame("runs").assign(constants=constants)))[0]
    assert "estimated from 4 W per busy core" in first


def test_lower_bounds_are_named_with_their_reasons_and_say_at_least(inputs):
    runs = inputs.frame("runs")
    whole = runs.assign(gpu_unread=False, truncated=False)
    assert "at least" not in " ".join(section_sentences(inputs.replacing(runs=whole))["stages"])
    assert not any(
        sentence.startswith("Lower bounds") for sentence in knowledge(inputs.replacing(runs=whole))
    )
    unread = whole.assign(gpu_unread=first_where(runs, True, False), truncated=first_where(runs, True, False))
    there = inputs.replacing(runs=unread)
    assert any(
        sentence.startswith(
            f"Lower bounds: GPU not metered in 1 of {len(runs)} jobs; killed in 1 of {len(runs)} jobs."
        )
        for sentence in knowledge(there)
    )
    assert section_sentences(there)["stages"][0].startswith("The jobs of the study took at least")
    assert "Some energies are lower bounds." in trust_lines(there)


def test_the_first_screen_says_how_much_of_the_time_was_metered(inputs):
    runs = inputs.frame("runs")
    apart = pd.Timestamp("2026-01-05T08:00Z") + pd.to_timedelta(np.arange(len(runs)) * 20, unit="s")
    spaced = runs.assign(last_began_utc=[moment.isoformat() for moment in apart], last_duration_s=15.0)
    said = " ".join(knowledge(inputs.replacing(runs=spaced)))
    share = 100 * 15 * len(runs) / (20 * len(runs) - 5)
    assert f"The meter saw {share:.0f} % of the time from the first job's start" in said
    assert "What starts the jobs" in said
    assert any(line.startswith("Metered: ") for line in trust_lines(inputs.replacing(runs=spaced)))


def test_jobs_without_a_factor_state_no_mass(inputs, figures):
    runs = inputs.frame("runs").assign(co2e_kg=np.nan, intensity_g_per_kwh=np.nan)
    page = render_report(inputs.replacing(runs=runs), TABLES, figures)
    assert "no factor known, so no mass is stated" in page
    assert embedded(page)["energy"]["total"]["co2e_kg"] is None


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
