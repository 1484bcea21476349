"""The real DAG on a tiny study of classes: from a folder of series to the report, and then nothing to do."""

import pandas as pd
import pytest
import yaml

from checkouts import copy_checkout
from made_classes import LENGTH, write_series, write_toy_family

pytestmark = pytest.mark.workflow

STUDY = {
    "study": "classes",
    "plugins": ["toy_classes.py"],
    "seeds": [1],
    "data": {
        "source": {"kind": "series_folder", "folder": "series", "training_stride": 5},
        "windows": {"look_back_h": LENGTH, "horizon_h": 1},
        "splits": {"train_share": 0.5, "validation_share": 0.2, "test_share": 0.2},
    },
    "baselines": ["majority", "logistic_connectivity"],
    "recipes": {
        "short": {
            "sampling": "examples",
            "loss": "cross_entropy",
            "batch": 16,
            "epochs": 4,
            "learning_rate": 0.01,
            "schedule": "cosine",
            "scaling": "node",
        }
    },
    "models": {"toy": {"form": "toy_classes", "recipe": "short"}},
    "energy": {"country_iso": "ESP", "metering": {"minimum_window_s": 0.05, "idle_s": 0.0}},
}


def test_a_study_of_classes_runs_to_its_report_and_then_has_nothing_to_do(root, tmp_path):
    checkout = copy_checkout(root, tmp_path / "wattshed")
    folder = checkout.folder
    write_series(folder / "series", classes=3, samples=600)
    write_toy_family(folder)
    (folder / "classes.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    checkout.snakemake("--configfile", "classes.yaml")
    results = folder / "results/classes"

    classes = pd.read_parquet(results / "accuracy/classes.parquet").set_index("model")
    assert set(classes.index) == {"majority", "logistic_connectivity", "toy"}
    assert (classes["chance"] == 1 / 3).all()
    assert classes.loc["toy", "accuracy"] > 0.6
    # The errors of all other tables are those of the same probabilities.
    scores = pd.read_parquet(results / "accuracy/scores.parquet").query("scope == 'all'").set_index("model")
    for model in classes.index:
        assert scores.loc[model, "rmse"] ** 2 * 3 == pytest.approx(classes.loc[model, "brier"], rel=1e-5)

    report = (results / "report.html").read_text()
    assert "probability" in report
    assert "Log loss" in report
    assert "3 classes, " in report
    assert "per hour; calendar" not in report
    # In the words of classes, in the page and in print.
    assert "A guess among 3 classes is right in 33.3 % of the " in report
    assert "blocks of up to 96 windows" in report
    assert "blocks of 4 days" not in report
    assert "windows" in (results / "tables/decisions.tex").read_text()
    assert "days" not in (results / "tables/decisions.tex").read_text()
    assert not (results / "figures/horizons.png").exists()
    assert checkout.rules_to_run("classes.yaml") == set()
