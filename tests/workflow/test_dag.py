"""The real DAG on a tiny study: a complete first run, and reruns of only what changed."""

import itertools
import json
import os
import shutil
from contextlib import ExitStack

import pandas as pd
import pytest
import yaml

from checkouts import Checkout, edited, planned_jobs
from wattshed.accounts.runs.collect import collect
from wattshed.foundation import plugins
from wattshed.publish.parts.declaration import declared

pytestmark = pytest.mark.workflow

REPORT = {"write_report", "all"}
# Rules that judge claims of source documents.
CLAIMS = {"judge_claims", "make_table_claims"}
# Rules that compare predictions with measurements.
PREDICTIONS = {"compare_predictions", "make_table_energy_predictions", "make_figure_predicted_measured"}
# Rules that depend on any ledger: the accounts and everything that shows energies.
ACCOUNTS = {
    "aggregate_ledgers",
    "add_emissions",
    "summarise_adaptation",
    "find_frontier",
    "find_chains",
    "find_checkpoints",
    *CLAIMS,
    "make_table_accuracy",
    "make_table_decisions",
    "make_table_adaptation",
    "make_table_chains",
    "make_table_checkpoints",
    "make_table_recommended",
    "make_table_compression",
    "export_runs",
    "make_table_energy",
    "make_table_frontier",
    "make_table_fronts",
    "make_table_leaders",
    "make_table_normalised",
    "make_figure_chains",
    "make_figure_drift",
    "make_figure_energies",
    "make_figure_frontier",
    "make_figure_fronts",
    "make_figure_matrix",
    "make_figure_overlay",
    "make_figure_split",
    "make_figure_training",
    "make_figure_useful",
    "make_table_main",
    *PREDICTIONS,
    # The study's decision knows energies, and names the chosen model.
    "make_table_information",
    "make_table_sensitivity",
    *REPORT,
}
# Rules that depend on an emission factor: an edited factor needs no new measurement.
EMISSIONS = {
    "add_emissions",
    "export_runs",
    "make_table_energy",
    "make_table_fronts",
    "make_table_leaders",
    "make_table_normalised",
    "make_figure_energies",
    "make_figure_fronts",
    "make_figure_split",
    *REPORT,
}
# Rules that depend on a comparison of checkpoints, which is metered like any other job.
COMPARED = {"judge_variants", "make_table_compression", *ACCOUNTS}
# Rules that depend on a choice of a clock.
FROM_CHOICE = {
    "choose_clock",
    "deploy_clocks",
    "predict_clocks",
    "make_table_clock_answers",
    "make_table_clock_checks",
    "make_table_clock_choices",
    "make_table_clock_predictions",
    "make_table_clocks",
    "make_figure_clock_front",
    "make_figure_clock_metrics",
    "make_figure_clock_temperature",
    "make_figure_clocks",
}
GOVERNED = {"govern_clocks", "make_table_clock_governor", "make_figure_clock_phases"}
# Rules that depend on the device profile alone.
FROM_PROFILE = {
    *("calibrate_device", "predict", "sweep_law"),
    *(
        "make_table_energy_law",
        "make_figure_law_efficiency",
        "make_figure_law_energy",
        "make_figure_law_sweeps",
    ),
}
# Rules that depend on an adapted checkpoint: compression, clock sweep and comparison.
FROM_ADAPTED = {
    "compress_model",
    "sweep_clocks",
    "compare_checkpoints",
    *FROM_CHOICE,
    *COMPARED,
}
# Rules that depend on what memory levels were measured to cost, beside the accounts.
FROM_MEMORY = {
    *("measure_memory", "make_figure_memory_step"),
    *(f"make_table_memory_{name}" for name in ("training", "speed", "inference")),
}
LADDER = {"find_ladder", "make_table_ladder", "make_table_techniques", "make_figure_ladder"}
FOUND_ROLLING = {"find_rolling", "make_table_rolling", "make_figure_rolling"}
SCORES = {
    "find_sensitivity",
    "make_table_sensitivity",
    "make_table_shortest",
    "make_table_information",
    "make_figure_wins",
    "make_table_nodes",
    "make_figure_forecasts",
    "make_figure_horizons",
    *LADDER,
}


def test_the_whole_dag_makes_tables_figures_and_a_report(results):
    tables = [declared("table", name) for name in plugins.names("table")]
    # A study of readings has no classes; test_classes.py runs one that has.
    made = [file for table in tables if not table.in_report_only for file in table.files if file != "classes"]
    for name in made:
        assert (results / f"tables/{name}.tex").stat().st_size > 200
    for name in plugins.names("figure"):
        assert (results / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
    report = (results / "report.html").read_text()
    assert report.lstrip().lower().startswith("<!doctype html>")
    # The letters "http" alone may occur in the text of a picture, which has no colon.
    assert "://" not in report.replace("http://www.w3.org", ""), "the report must not need any other file"
    assert "synthetic" in report.lower()
    assert "Which model is best?" in report


def test_the_jobs_are_written_for_other_tools(results):
    runs = pd.read_parquet(results / "runs.parquet")
    again = collect(results / "emissions").runs
    assert len(again) == len(runs)
    assert again["energy_kwh"].sum() == pytest.approx(runs["energy_kwh"].sum())
    assert "# TYPE wattshed_energy_joules_total counter" in (results / "emissions.prom").read_text()


# Several edits are made at once where each one reruns rules of its own: one plan then shows the effect of each.
@pytest.mark.parametrize(
    ("files", "reruns"),
    [
        (["compression/comparing.py"], {"compare_checkpoints", *COMPARED}),
        (["adaptation/stream.py"], {"adapt_model", *FROM_ADAPTED}),
        (
            [
                "publish/figures/clocks.py",
                "publish/tables/nodes.py",
                "accounts/rolling/judged.py",
                "accounts/claims/stgnn_study.py",
            ],
            {"make_figure_clocks", "make_table_nodes", *FOUND_ROLLING, *CLAIMS, *REPORT},
        ),
        (["training/rolling.py"], {"roll_model", *FOUND_ROLLING, *ACCOUNTS}),
        (
            ["clocks/choosing/choice.py"],
            {*FROM_CHOICE, *CLAIMS, *REPORT},
        ),
        (["publish/report/report.css"], REPORT),
    ],
)
def test_an_edit_of_the_library_reruns_exactly_the_rules_that_use_it(finished, files, reruns):
    with ExitStack() as edits:
        for file in files:
            comment = "/* edited */\n" if file.endswith(".css") else "# edited\n"
            path = finished.folder / "workflow/lib/wattshed" / file
            edits.enter_context(edited(path, lambda text, comment=comment: text + comment))
        assert finished.rules_to_run() == reruns


JUDGED = {"judge_variants", "make_table_compression", "make_table_recommended"}


@pytest.mark.parametrize(
    ("values", "reruns"),
    [
        (
            {"clocks.max_slowdown_share": 0.1},
            {
                # The sweep looks for the best setting within this limit.
                "sweep_clocks",
                *FROM_CHOICE,
                *GOVERNED,
                *ACCOUNTS,
            },
        ),
        ({"clocks.governor": {"mixes": 3}}, {*GOVERNED, *REPORT}),
        (
            {"data.splits": {"test_windows": 500}},
            {"fit_baselines", "forecast_test", "score_forecasts", *ACCOUNTS, *SCORES},
        ),
        ({"adaptation.steps": 30}, {"adapt_model", *FROM_ADAPTED}),
        ({"energy.country_iso": "DEU"}, EMISSIONS),
        ({"energy.carbon": {"pue": 1.2}}, EMISSIONS),
        ({"energy.budget": {"run_kwh": 1.0}}, REPORT),
        (
            {"compression.error_budget_share": 0.1, "ladder.tuned": "stgnn"},
            {*JUDGED, *LADDER, *CLAIMS, *REPORT},
        ),
        # Rolling origins rerun their own rules, the accounts that count them, and no other training or forecast.
        (
            {"compression.r2_floor": -0.5, "rolling.models": ["stgnn"]},
            {*JUDGED, *FOUND_ROLLING, *ACCOUNTS},
        ),
        # Another calibration predicts again, and trains nothing again.
        ({"law.seconds": 12}, {*FROM_PROFILE, *ACCOUNTS}),
        ({"law.sweep": {"families": ["gru"]}}, {"sweep_law", "make_figure_law_sweeps", *ACCOUNTS}),
        ({"memory.repeats": 3}, {*FROM_MEMORY, *ACCOUNTS}),
        ({"rolling.seeds": [1, 2]}, {"roll_model", *FOUND_ROLLING, *ACCOUNTS}),
        (
            {"rolling.test_days": 10},
            {
                *("split_origins", "build_origin_graphs", "roll_model", "roll_baseline"),
                *FOUND_ROLLING,
                *ACCOUNTS,
            },
        ),
    ],
)
def test_an_edit_of_a_key_reruns_exactly_the_rules_that_use_it(finished, values, reruns):
    def change(text):
        config = yaml.safe_load(text)
        for place, value in values.items():
            block, key = place.split(".")
            config.setdefault(block, {})[key] = value
        return yaml.safe_dump(config, sort_keys=False)

    with edited(finished.folder / "tests/workflow/tiny.yaml", change):
        assert finished.rules_to_run() == {"save_config", *reruns}


def test_the_ladder_alone_plans_no_adaptation(finished):
    answer = finished.snakemake("ladder", "--configfile", "config/phase1.yaml", "--dry-run")
    planned = planned_jobs(answer.stdout + answer.stderr)
    assert {"make_figure_ladder", "make_table_techniques"} <= set(planned)
    assert "adapt_model" not in planned


def test_rolling_origins_alone_need_no_other_training(finished):
    answer = finished.snakemake("rolling", "--configfile", "config/rolling_homes.yaml", "--dry-run")
    planned = planned_jobs(answer.stdout + answer.stderr)
    assert {"make_figure_rolling", "roll_model", "roll_baseline"} <= set(planned)
    assert not {"train_model", "fit_baselines", "aggregate_ledgers"} & set(planned)


def test_rolling_origins_count_in_the_total_and_in_no_training(results):
    runs, windows = (pd.read_parquet(results / f"{name}.parquet") for name in ("runs", "windows"))
    assert set(runs.loc[runs["stage"] == "rolling", "model"]) == {"stgnn", "ridge", "persistence"}
    assert "rolling" not in set(windows["stage"])
    rolling = pd.read_parquet(results / "rolling.parquet").set_index("model")
    assert rolling["origins"].to_dict() == dict.fromkeys(rolling.index, 2)
    assert rolling["won"].sum() == 2
    assert rolling.loc["persistence", "rmse_mean"] > rolling.loc["ridge", "rmse_mean"]
    origins = pd.read_parquet(results / "rolling.origins.parquet")
    assert (origins["training_kwh"].dropna() > 0).all()
    assert origins.loc[origins["model"] == "ridge", "training_kwh"].notna().all()
    assert origins["first_day"].nunique() == 2


def test_predictions_are_made_before_trainings_and_calibrations_count_in_the_total_alone(results):
    made = json.loads((results / "ledger/calibration/calibrate_device.jsonl").read_text().splitlines()[-1])
    runs, windows = (pd.read_parquet(results / f"{name}.parquet") for name in ("runs", "windows"))
    assert set(runs.loc[runs["stage"] == "calibration", "job"]) == {"calibrate_device", "sweep_law"}
    assert runs.loc[runs["stage"] == "calibration", "energy_kwh"].gt(0).all()
    assert "calibration" not in set(windows["stage"])
    trained = runs[runs["stage"] == "training"]
    assert made["ended_utc"] < trained["started_utc"].min()


def test_a_plain_snakemake_call_uses_the_default_study(finished):
    answer = finished.snakemake("--dry-run")
    assert "results/homes/report.html" in answer.stdout + answer.stderr


def test_a_bad_key_stops_the_run_before_any_job_with_one_sentence(finished):
    with edited(finished.folder / "tests/workflow/tiny.yaml", lambda text: text.replace("seeds:", "sedes:")):
        answer = finished.tiny(check=False)
    assert answer.returncode != 0
    message = answer.stdout + answer.stderr
    assert "tests/workflow/tiny.yaml: " in message
    assert "did you mean 'seeds'" in message or "seeds is missing" in message
    assert "Traceback" not in message


def test_a_failed_job_reports_the_reason_and_leaves_no_partial_file(finished, tmp_path):
    # In a copy: afterwards the study is not whole.
    copy = Checkout(shutil.copytree(finished.folder, tmp_path / "wattshed", symlinks=True), finished.home)
    results = copy.folder / "results/tiny"
    kept = (results / "checkpoints/stgnn-1.safetensors").read_bytes()
    graph = results / "data/graph.safetensors"
    good, written = graph.read_bytes(), graph.stat().st_mtime
    graph.write_bytes(good[:-10])
    # The time stamp does not show the damage: only the compression runs again, not the training.
    os.utime(graph, (written, written))
    pruned = results / "checkpoints/stgnn+prune_half-1.safetensors"
    answer = copy.tiny(
        "--forcerun", "compress_model", "--", str(pruned.relative_to(copy.folder)), check=False
    )
    assert answer.returncode != 0
    message = answer.stdout + answer.stderr
    assert "graph.safetensors cannot be read as safetensors" in message
    assert not pruned.exists()
    assert not list((results / "checkpoints").glob(".*"))
    assert (results / "checkpoints/stgnn-1.safetensors").read_bytes() == kept


def test_measured_jobs_never_overlapped(results):
    spans = []
    for ledger in results.glob("ledger/**/*.jsonl"):
        events = [json.loads(line) for line in ledger.read_text().splitlines()]
        if events[-1]["event"] == "end":
            spans.append((events[0]["started_utc"], events[-1]["ended_utc"], ledger.name))
    assert len(spans) == len(list(results.glob("ledger/**/*.jsonl"))) >= 14
    spans.sort()
    for (_, ended, first), (started, _, second) in itertools.pairwise(spans):
        assert ended <= started, f"{first} and {second} were measured at the same time"


def test_every_measured_job_wrote_a_complete_ledger(results):
    for ledger in results.glob("ledger/**/*.jsonl"):
        events = [json.loads(line)["event"] for line in ledger.read_text().splitlines()]
        assert events[0] == "start"
        assert events[-1] == "end"
        # The control of the strategies updates nothing.
        assert "window" in events or ledger.stem == "stgnn+frozen"
    stages = {path.name for path in (results / "ledger").iterdir()}
    assert stages == {
        *(
            "calibration",
            "training",
            "rolling",
            "inference",
            "adaptation",
            "compression",
            "comparison",
            "memory",
            "clocks",
        )
    }
