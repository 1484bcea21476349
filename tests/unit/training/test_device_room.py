"""A device that runs out of memory, made up: the error is raised by a fake."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.engine.series.residence import Residence
from wattshed.foundation.faults import Fault
from wattshed.training import loop
from wattshed.training.guards.out_of_memory_retry import OutOfMemoryRetry
from wattshed.training.spec import ModelSpec
from wattshed.training.step.learner import Learner

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs",
    batch=32,
    epochs=3,
    steps_per_epoch=10,
    learning_rate=5e-3,
    schedule="plateau",
    scaling="node",
)
MADE_BY = ModelSpec("model", 1, model_block(form="stgnn"), RECIPE, WindowsBlock(look_back_h=12, horizon_h=3))


def run(task, graph, metering, folder):
    train_into(folder, task, graph, metering, MADE_BY)
    lines = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    labels = [line["labels"] for line in lines if line["event"] == "window"]
    return (folder / "model.safetensors").read_bytes(), labels


def failing(work, failures):
    """``work``, but out of memory in the given calls."""
    calls = iter(range(10_000))

    def step(*arguments):
        if next(calls) in failures:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return work(*arguments)

    return step


def test_a_full_device_streams_and_comes_to_the_same_weights(
    task, graph, metering, tmp_path, monkeypatch, capsys
):
    expected, labels = run(task, graph, metering, tmp_path / "roomy")
    assert all("series_streamed" not in of_epoch for of_epoch in labels)
    capsys.readouterr()
    # In the second epoch: the first one's window must not say that it streamed.
    monkeypatch.setattr(Learner, "step", failing(Learner.step, {13}))
    found, labels = run(task, graph, metering, tmp_path / "full")
    assert found == expected
    said = capsys.readouterr().err
    assert said.count("ran out of memory: the series stay in host memory") == 1
    assert "training model (seed 1)" in said
    reasons = [of_epoch.get("series_streamed") for of_epoch in labels]
    assert reasons == [None, *["training model (seed 1): cpu ran out of memory"] * 2]
    assert len(pd.read_parquet(tmp_path / "full/epochs.parquet")) == 3


def test_a_device_that_is_full_even_then_ends_with_a_sentence(task, graph, metering, tmp_path, monkeypatch):
    monkeypatch.setattr(Learner, "step", failing(Learner.step, {3, 4}))
    with pytest.raises(Fault, match="with the series in host memory: lower the recipe's batch"):
        run(task, graph, metering, tmp_path)


def test_validation_may_run_out_too(task, graph, metering, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "validation_rmse", failing(loop.validation_rmse, {0}))
    _, labels = run(task, graph, metering, tmp_path)
    assert all("series_streamed" in of_epoch for of_epoch in labels)


def test_a_second_failure_is_not_tried_a_third_time():
    series = np.zeros((2, 3), dtype=np.float32)
    room = OutOfMemoryRetry(Residence(series, series, CPU, free=lambda device: 0), "job")
    done = []

    def work():
        done.append(1)
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(Fault, match=r"^job: cpu ran out of memory"):
        room.do(work)
    assert len(done) == 1
