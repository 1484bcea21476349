"""A model at every rolling origin: rows, resuming, and that each training is that of a job of its own."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from small_study import small_panel
from training_runs import train_into
from wattshed.config.data.graph import GraphBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.budget import BudgetBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.config.models.rolling import RollingCalendar
from wattshed.data.graph import build_graph
from wattshed.data.rolling import split_origins
from wattshed.energy.budget.budget import VARIABLE, Budget
from wattshed.forecast.baselines.rolling import roll_baseline
from wattshed.forecast.days import WINDOWS_PER_CALL, score_origin
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.metrics import rmse
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.resume import ResumeFile
from wattshed.training.rolling import RollingJob, roll_model
from wattshed.training.spec import ModelSpec

WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
RECIPE = RecipeBlock(
    sampling="pairs", batch=32, schedule="cosine", scaling="node", epochs=2, steps_per_epoch=5,
    learning_rate=5e-3, validation_windows=20,
)  # fmt: skip
FIRST = ModelSpec("model", 1, model_block("stgnn", hidden=4), RECIPE, WINDOWS)
SEEDS = [FIRST, replace(FIRST, seed=2)]
TURNS = [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.fixture
def origins(metering):
    panel = small_panel(hours=24 * 60, nodes=4, missing_share=0.05)
    calendar = RollingCalendar(origins=2, validation_days=4, test_days=6)
    made = []
    for splits in split_origins(panel, calendar, WINDOWS):
        graph = build_graph(panel, splits.train, GraphBlock(neighbours=2), None)
        task = ForecastTask(panel, splits, WINDOWS)
        made.append(JobInputs(task, graph, metering, torch.device("cpu")))
    return made


def rolled(folder, origins, specs=SEEDS):
    folder.mkdir(exist_ok=True)
    roll_model(RollingJob(origins, specs, folder / "model.parquet", folder / "ledger.jsonl"))
    return pd.read_parquet(folder / "model.parquet")


def events_of(folder):
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def trained_epochs(folder):
    return [
        (event["labels"]["origin"], event["labels"]["seed"], event["labels"]["epoch"])
        for event in events_of(folder)
        if event["event"] == "window" and event["name"] == "epoch"
    ]


def test_each_origin_and_seed_has_the_errors_of_a_job_of_its_own(origins, metering, tmp_path):
    frame = rolled(tmp_path / "rolled", origins)
    assert list(frame[["origin", "seed"]].drop_duplicates().itertuples(index=False, name=None)) == TURNS
    for number, seed in TURNS:
        inputs, alone = origins[number - 1], tmp_path / f"{number}-{seed}"
        train_into(alone, inputs.task, inputs.graph, metering, replace(FIRST, seed=seed))
        path = alone / "model.safetensors"
        forecaster, _ = read_checkpoint(path, inputs.task, inputs.graph, inputs.device)
        own = frame[(frame["origin"] == number) & (frame["seed"] == seed)]
        for part in (inputs.task.splits.validation, inputs.task.splits.test):
            sums = own[own["part"] == part.name][["squared", "cells"]].sum()
            windows = inputs.task.origins(part)
            expected = rmse(forecaster.forecast(windows), *inputs.task.truth(windows))
            assert np.sqrt(sums["squared"] / sums["cells"]) == pytest.approx(expected, rel=1e-6)


def test_days_are_those_of_the_parts_and_windows_say_their_origin(origins, tmp_path, capsys):
    frame = rolled(tmp_path, origins)
    for number, inputs in enumerate(origins, start=1):
        panel, test = inputs.task.panel, inputs.task.splits.test
        days = frame.loc[(frame["origin"] == number) & (frame["part"] == "test"), "day"]
        assert sorted(set(days)) == sorted({str(time)[:10] for time in panel.times[test.start : test.stop]})
    assert trained_epochs(tmp_path) == [(*turn, epoch) for turn in TURNS for epoch in (1, 2)]
    start = events_of(tmp_path)[0]
    assert (start["stage"], start["job"], start["labels"]) == ("rolling", "roll_model", {"model": "model"})
    said = capsys.readouterr().err
    assert "model, seed 2, origin 2 (training 4 of 4): epoch 2/2" in said
    assert "model, seed 2, origin 2: RMSE " in said
    assert list(tmp_path.glob("*.resume")) == []


# Each training saves its state after two epochs and once at its end.
@pytest.mark.parametrize("saves", [1, 3, 8, 12])
def test_a_broken_job_goes_on_at_the_origin_seed_and_epoch_where_it_stood(
    saves, origins, tmp_path, monkeypatch
):
    whole = rolled(tmp_path / "whole", origins)
    broken, save, calls = tmp_path / "broken", ResumeFile.save, iter(range(1, 1000))

    def save_and_break(self, learner, training):
        save(self, learner, training)
        if next(calls) == saves:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ResumeFile, "save", save_and_break)
        with pytest.raises(KeyboardInterrupt):
            rolled(broken, origins)
    assert not (broken / "model.parquet").exists()
    pd.testing.assert_frame_equal(rolled(broken, origins), whole)
    assert trained_epochs(broken) == trained_epochs(tmp_path / "whole"), "no epoch is trained twice"
    assert [event["event"] for event in events_of(broken)].count("start") == 2
    assert list(broken.glob("*.resume")) == []


def test_a_budget_of_a_run_holds_for_each_origin_and_seed(origins, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, Budget(BudgetBlock(run_kwh=1e-12), study_folder=tmp_path).to_json())
    rolled(tmp_path / "rolled", origins)
    assert trained_epochs(tmp_path / "rolled") == [(*turn, 1) for turn in TURNS]
    end = events_of(tmp_path / "rolled")[-1]
    assert end["outcome"] == "stopped"
    assert "seed 2, origin 2: " in end["reason"]


@pytest.mark.parametrize("name", ["seasonal_24h", "ridge", "ridge_graph"])
def test_a_baseline_is_fitted_on_each_origins_training_part(name, origins, tmp_path):
    roll_baseline(name, origins, tmp_path / "rows.parquet", tmp_path / "ledger.jsonl")
    frame = pd.read_parquet(tmp_path / "rows.parquet")
    assert set(frame["seed"]) == {0}
    assert set(frame["model"]) == {name}
    fits = [event["labels"] for event in events_of(tmp_path) if event["event"] == "window"]
    assert fits == [{"model": name, "origin": 1}, {"model": name, "origin": 2}]
    # Another first training part changes the first origin's errors only.
    roll_baseline(name, origins[:1], tmp_path / "first.parquet", tmp_path / "other.jsonl")
    first = frame[frame["origin"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "first.parquet"), first)


def test_a_long_part_is_scored_in_several_calls_with_the_same_sums(origins, monkeypatch):
    task = origins[0].task
    asked = []

    def forecast(hours):
        asked.append(len(hours))
        return task.filled[hours[:, None] + np.arange(3)]

    names = {"model": "m", "seed": 0, "origin": 1}
    whole = score_origin(forecast, task, **names)
    assert max(asked) <= WINDOWS_PER_CALL
    monkeypatch.setattr("wattshed.forecast.days.WINDOWS_PER_CALL", 7)
    pd.testing.assert_frame_equal(score_origin(forecast, task, **names), whole)
    assert whole["squared"].sum() == 0
    assert max(asked[2:]) == 7
