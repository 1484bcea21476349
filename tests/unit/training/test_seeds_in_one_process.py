"""All seeds of a model in one job: each as if alone, resumed where it stood, paid from its own budget."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.budget import BudgetBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.budget.budget import VARIABLE, Budget
from wattshed.foundation.faults import Fault
from wattshed.training import job as training_job
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec

WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
SHORT = {"epochs": 3, "steps_per_epoch": 5, "learning_rate": 5e-3, "validation_windows": 20}
PAIRS = RecipeBlock(sampling="pairs", batch=32, schedule="cosine", scaling="node", **SHORT)
ALL_NODES = RecipeBlock(sampling="windows", batch=1, schedule="plateau", scaling="panel", **SHORT)
FIRST = ModelSpec("model", 1, model_block("stgnn", hidden=4), PAIRS, WINDOWS)
SEEDS = (FIRST, replace(FIRST, seed=2), replace(FIRST, seed=3))
FILES = ("model.safetensors", "model-2.safetensors", "model-3.safetensors")


def events_of(folder):
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def trained_epochs(folder):
    return [
        (event["labels"]["seed"], event["labels"]["epoch"])
        for event in events_of(folder)
        if event["event"] == "window" and event["name"] == "epoch"
    ]


def break_after(monkeypatch, saves):
    """Interrupt after so many saved states."""
    save, calls = ResumeFile.save, iter(range(1, 10_000))

    def save_and_break(self, learner, training):
        save(self, learner, training)
        if next(calls) == saves:
            raise KeyboardInterrupt

    monkeypatch.setattr(ResumeFile, "save", save_and_break)


@pytest.mark.parametrize(
    "spec",
    [FIRST, ModelSpec("model", 1, model_block("stgnn_reference", hidden=4), ALL_NODES, WINDOWS)],
    ids=["pairs", "dropout"],
)
def test_each_seed_has_the_bytes_of_a_job_of_its_own(spec, task, graph, metering, tmp_path):
    seeds = [spec, replace(spec, seed=2)]
    train_into(tmp_path / "together", task, graph, metering, *seeds)
    for one, file in zip(seeds, FILES, strict=False):
        alone = tmp_path / f"alone-{one.seed}"
        train_into(alone, task, graph, metering, one)
        assert (alone / "model.safetensors").read_bytes() == (tmp_path / "together" / file).read_bytes()


def test_windows_and_epochs_say_whose_seed_they_are(task, graph, metering, tmp_path):
    train_into(tmp_path, task, graph, metering, *SEEDS)
    expected = [(seed, epoch) for seed in (1, 2, 3) for epoch in (1, 2, 3)]
    assert trained_epochs(tmp_path) == expected
    start = events_of(tmp_path)[0]
    assert (start["job"], start["labels"]) == ("train_model", {"model": "model"})
    epochs = pd.read_parquet(tmp_path / "epochs.parquet")
    assert list(zip(epochs["seed"], epochs["epoch"], strict=True)) == expected
    first = epochs.groupby("seed").head(1)
    pd.testing.assert_series_equal(first["cumulative_kwh"], first["energy_kwh"], check_names=False)
    assert list(tmp_path.glob("*.resume")) == []


# Each seed saves its state after three epochs and once at its end.
@pytest.mark.parametrize("saves", [2, 4, 6, 8, 11])
def test_a_broken_job_goes_on_at_the_seed_and_epoch_where_it_stood(
    saves, task, graph, metering, tmp_path, monkeypatch
):
    train_into(tmp_path / "whole", task, graph, metering, *SEEDS)
    broken = tmp_path / "broken"
    with monkeypatch.context() as patch:
        break_after(patch, saves)
        with pytest.raises(KeyboardInterrupt):
            train_into(broken, task, graph, metering, *SEEDS)
    # Snakemake deletes the outputs of a failed job.
    for file in FILES:
        (broken / file).unlink(missing_ok=True)
    train_into(broken, task, graph, metering, *SEEDS)
    assert trained_epochs(broken) == trained_epochs(tmp_path / "whole"), "no epoch is trained twice"
    for file in FILES:
        assert (broken / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    columns = ["seed", "epoch", "train_loss", "validation_rmse"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(broken / "epochs.parquet")[columns],
        pd.read_parquet(tmp_path / "whole/epochs.parquet")[columns],
    )
    assert [event["event"] for event in events_of(broken)].count("start") == 2
    assert list(broken.glob("*.resume")) == []


def test_a_budget_of_a_run_is_each_seeds_own(task, graph, metering, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, Budget(BudgetBlock(run_kwh=1e-12), study_folder=tmp_path).to_json())
    train_into(tmp_path, task, graph, metering, *SEEDS)
    assert trained_epochs(tmp_path) == [(1, 1), (2, 1), (3, 1)]
    end = events_of(tmp_path)[-1]
    assert end["outcome"] == "stopped"
    assert [part.split(":")[0] for part in end["reason"].split("; seed")] == ["seed 1", " 2", " 3"]
    assert all((tmp_path / file).is_file() for file in FILES)


def test_a_seed_that_its_budget_stopped_is_not_trained_on_after_a_break(
    task, graph, metering, tmp_path, monkeypatch
):
    monkeypatch.setenv(VARIABLE, Budget(BudgetBlock(run_kwh=1e-12), study_folder=tmp_path).to_json())
    with monkeypatch.context() as patch:
        # Seed 1: its only epoch and its end; seed 2: its only epoch.
        break_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            train_into(tmp_path, task, graph, metering, *SEEDS)
    train_into(tmp_path, task, graph, metering, *SEEDS)
    assert trained_epochs(tmp_path) == [(1, 1), (2, 1), (3, 1)]
    assert "seed 1: " in events_of(tmp_path)[-1]["reason"]


def test_a_resumed_seed_pays_for_its_own_earlier_attempts_only(task, graph, metering, tmp_path, monkeypatch):
    """Seed 1 ended before the break: what it spent is not seed 2's."""
    seen = []
    stop = training_job.JobBudget.stop

    def spy(self, title, *arguments, **named):
        made = stop(self, title, *arguments, **named)
        seen.append((title, made.earlier_kwh, named["finished_kwh"], self._earlier_kwh))
        return made

    monkeypatch.setenv(VARIABLE, Budget(BudgetBlock(run_kwh=1e3), study_folder=tmp_path).to_json())
    monkeypatch.setattr(training_job.JobBudget, "stop", spy)
    with monkeypatch.context() as patch:
        break_after(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            train_into(tmp_path, task, graph, metering, *SEEDS)
    seen.clear()
    train_into(tmp_path, task, graph, metering, *SEEDS)
    (_, one, finished, job), (_, two, *_), (_, three, *_) = seen
    assert finished > 0
    assert two == max(0.0, job - finished)
    assert three == 0
    assert one >= 0


def test_a_study_budget_counts_earlier_seeds_of_the_same_job(task, graph, metering, tmp_path, monkeypatch):
    """After the first seed the study's budget is spent: the second one does not begin, and the job can go on later."""
    monkeypatch.setenv(VARIABLE, Budget(BudgetBlock(study_kwh=1e-12), study_folder=tmp_path).to_json())
    with pytest.raises(Fault, match="nothing more was run"):
        train_into(tmp_path, task, graph, metering, *SEEDS)
    assert not (tmp_path / "epochs.parquet").exists()
    monkeypatch.delenv(VARIABLE)
    train_into(tmp_path, task, graph, metering, *SEEDS)
    assert {seed for seed, _ in trained_epochs(tmp_path)} == {1, 2, 3}


def test_seeds_and_checkpoints_must_match(task, graph, metering, tmp_path):
    job = training_job.TrainingJob
    with pytest.raises(Fault, match="--seeds has 3 values and --checkpoints 1: expected one"):
        job(None, list(SEEDS), [tmp_path / "a.safetensors"], tmp_path / "e", tmp_path / "l")
