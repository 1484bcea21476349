"""Dense supervision: a loss at every hour, so that a state may be carried on."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.engine.choice import choose
from wattshed.forecast.metrics import rmse
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.training.batches.making import make_batches
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
COMMON = {"epochs": 3, "learning_rate": 1e-2, "schedule": "cosine", "scaling": "node", "loss": "squared"}
DENSE = RecipeBlock(sampling="sequences", batch=16, sequence_h=72, burn_in_h=12, steps_per_epoch=40, **COMMON)
# As many losses a step as sequences have: 16 x 60.
PAIRS = RecipeBlock(sampling="pairs", batch=960, steps_per_epoch=40, **COMMON)


def trained(task, graph, metering, folder, block, **model):
    made_by = ModelSpec("model", 1, model_block(form="stgnn", **model), block, WINDOWS)
    train_into(folder, task, graph, metering, made_by)
    return read_checkpoint(folder / "model.safetensors", task, graph, CPU)[0]


def test_a_stream_of_a_densely_trained_network_is_no_worse_than_windows(
    gappy_task, graph, metering, tmp_path
):
    origins = gappy_task.origins(gappy_task.splits.test)
    # After a few steps windows are ahead: their errors are spread over more of the panel.
    long = {"steps_per_epoch": 200}
    stream = trained(gappy_task, graph, metering, tmp_path / "dense", DENSE.model_copy(update=long))
    windowed = trained(gappy_task, graph, metering, tmp_path / "pairs", PAIRS.model_copy(update=long))
    assert isinstance(stream, StreamingForecaster)
    assert type(windowed) is NeuralForecaster
    truth = gappy_task.truth(origins)
    assert rmse(stream.forecast(origins), *truth) < 1.05 * rmse(windowed.forecast(origins), *truth)


@pytest.mark.parametrize("linear_part", [False, True])
def test_sequences_forecast_the_hours_they_say(gappy_task, graph, linear_part):
    made_by = ModelSpec("model", 1, model_block(form="stgnn", linear_part=linear_part), DENSE, WINDOWS)
    forecaster = make_forecaster(made_by, gappy_task, graph, CPU)
    forecaster.solve(gappy_task)
    origins = gappy_task.origins(gappy_task.splits.train)
    few = replace(made_by, recipe=DENSE.model_copy(update={"batch": 4, "steps_per_epoch": 2}))
    batches = make_batches(few, gappy_task, forecaster)
    first, again = list(batches.epoch(1)), list(batches.epoch(1))
    assert torch.equal(first[0].origins, again[0].origins)
    assert not torch.equal(first[0].origins, first[1].origins)
    batch = first[0]
    assert batch.target.shape == batch.observed.shape == (4, 60, 3)
    assert int(batch.origins.min()) >= origins[0]
    assert int(batch.origins.max()) <= origins[-1]
    observed = gappy_task.panel.observed
    for place, (node, origin) in enumerate(zip(batch.nodes.tolist(), batch.origins.tolist(), strict=True)):
        row, hour = divmod(place, 60)
        expected = forecaster.series.own[node, origin : origin + 3]
        assert torch.equal(batch.target[row, hour], expected)
        assert batch.observed[row, hour].tolist() == observed[origin : origin + 3, node].tolist()
    forecast = forecaster.network.forward_sequence(batch.inputs[0])
    assert forecast.shape == (4, 60, 3)


def test_the_linear_part_is_metered_and_judged_before_the_first_epoch(task, graph, metering, tmp_path):
    trained(task, graph, metering, tmp_path, PAIRS, linear_part=True)
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    windows = [line for line in lines if line["event"] == "window"]
    assert [window["name"] for window in windows] == ["fit", "epoch", "epoch", "epoch"]
    fit = windows[0]
    assert fit["labels"] == {"model": "model", "seed": 1}
    assert fit["values"]["validation_rmse"] > 0
    epochs = pd.read_parquet(tmp_path / "epochs.parquet")
    # The network starts as the linear part alone, and does it no harm.
    assert epochs["validation_rmse"].min() <= 1.01 * fit["values"]["validation_rmse"]
    back_end = choose("auto", "cpu", 16).name
    assert [window["labels"]["engine"] for window in windows[1:]] == [back_end] * 3


def test_both_back_ends_learn_the_same(task, graph, metering, tmp_path):
    """Not to the bit: sums run in another order. But the errors are one."""
    if choose("auto", "cpu", 16).name == "torch":
        pytest.skip("no C compiler here: there is one back end")
    found = {}
    for engine in ("auto", "torch"):
        made_by = ModelSpec("model", 1, model_block(form="stgnn"), PAIRS, WINDOWS)
        folder = tmp_path / engine
        train_into(folder, task, graph, metering, made_by, engine=engine)
        found[engine] = pd.read_parquet(folder / "epochs.parquet")["validation_rmse"].to_numpy()
    np.testing.assert_allclose(found["auto"], found["torch"], rtol=0.02)
