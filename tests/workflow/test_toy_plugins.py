"""A toy plug-in of each kind, one module and one line in its table, runs through the real DAG.

An edit of one toy afterwards reruns only what it made. The finished study has the toys that a study names;
test_spent_energy.py has the toy sensor, which would replace the finished study's own sensors.
"""

import re

import pandas as pd
import pytest

from checkouts import Checkout, edited

pytestmark = pytest.mark.workflow

PUBLISHED = re.compile(
    r"make_(table|figure)_|write_report|export_|all$|find_|add_|aggregate_|summarise_|judge_|save_|score_|compare_predictions"
)


def measured(jobs: dict[str, int]) -> dict[str, int]:
    """Those that measure or prepare data."""
    return {rule: count for rule, count in jobs.items() if not PUBLISHED.match(rule)}


def test_toys_are_trained_adapted_compressed_measured_and_published(results):
    assert (results / "checkpoints/toy+gentle+coarse-1.safetensors").is_file()
    compared = pd.read_parquet(results / "compared/toy.parquet")
    assert list(compared["lineage"]) == ["toy", "toy+gentle", "toy+gentle+coarse"]
    assert compared["later_rmse"].notna().all()
    assert "damped" not in (results / "tables/shortest.tex").read_text()
    assert "toy" in (results / "tables/shortest.tex").read_text()
    report = (results / "report.html").read_text()
    assert "The models." in report
    assert "toy+gentle+coarse" in report


# The strategy and the method are also used for the study's own model.
@pytest.mark.parametrize(
    ("place", "made"),
    [
        (
            "forecast/families/damped.py",
            {
                "train_model": 1, "forecast_test": 1, "adapt_model": 1, "compress_model": 1, "compare_checkpoints": 1,
                "predict": 1,
            },
        ),
        ("adaptation/strategies/gentle.py", {"adapt_model": 2, "compress_model": 1, "compare_checkpoints": 2}),
        ("compression/methods/coarse.py", {"compress_model": 2, "compare_checkpoints": 2}),
        # Any sensor may meter any job.
        (
            "energy/sensors/processor/tdp.py",
            {
                "train_model": 4, "fit_baselines": 1, "forecast_test": 1, "adapt_model": 5, "compress_model": 6,
                "compare_checkpoints": 3, "sweep_clocks": 2, "roll_model": 1, "roll_baseline": 2,
                "calibrate_device": 1, "sweep_law": 1, "measure_memory": 1,
                # These follow the sweeps and the calibration.
                "choose_clock": 2, "deploy_clocks": 1, "predict_clocks": 1, "predict": 1,
            },
        ),
        ("publish/tables/shortest.py", {}),
    ],
)  # fmt: skip
def test_an_edited_toy_reruns_only_what_it_made(finished: Checkout, place, made):
    with edited(finished.folder / "workflow/lib/wattshed" / place, lambda text: f"{text}# edited\n"):
        jobs = finished.jobs_to_run()
    assert measured(jobs) == made
    if not made:
        assert set(jobs) == {"make_table_shortest", "write_report", "all"}


def test_an_edit_of_the_kernel_source_reruns_the_training(finished):
    source = finished.folder / "workflow/lib/wattshed/engine/cpu/fused_gru.c"
    with edited(source, lambda text: f"{text}// edited\n"):
        assert finished.jobs_to_run()["train_model"] == 4


def test_a_second_run_has_nothing_to_do_even_after_a_new_line_in_a_table(finished):
    """Of the study, its ladder and its rolling origins."""
    registry = finished.folder / "workflow/lib/wattshed/forecast/families/registry.py"
    with edited(
        registry, lambda text: text.replace("}", '    "later": "wattshed.forecast.families.gru",\n}')
    ):
        answer = finished.tiny("--", "all", "ladder", "rolling")
    assert "Nothing to be done" in answer.stdout + answer.stderr


def test_a_table_line_with_a_missing_module_is_reported_before_any_job_runs(finished):
    registry = finished.folder / "workflow/lib/wattshed/adaptation/strategies/registry.py"
    with edited(registry, lambda text: text.replace("strategies.gentle", "strategies.absent")):
        answer = finished.tiny(check=False)
    message = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "wattshed.adaptation.strategies.absent, which does not exist" in message
    assert "Traceback" not in message
