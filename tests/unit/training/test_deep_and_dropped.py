"""Trainings with dropout and with several layers: what computes them, what they learn, and how they are resumed."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.engine.choice import choose
from wattshed.foundation.tensor_file import read_tensors
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec, make_forecaster

WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
SHORT = {"epochs": 3, "steps_per_epoch": 20, "learning_rate": 5e-3, "validation_windows": 20}
RECIPES = {
    "pairs": RecipeBlock(sampling="pairs", batch=32, schedule="cosine", scaling="node", **SHORT),
    "windows": RecipeBlock(sampling="windows", batch=4, schedule="cosine", scaling="node", **SHORT),
    "sequences": RecipeBlock(
        sampling="sequences", batch=8, sequence_h=48, burn_in_h=12, schedule="cosine", scaling="node", **SHORT
    ),
}
KERNEL = choose("auto", "cpu", 16)


def spec_of(sampling="pairs", form="stgnn", **model):
    return ModelSpec("model", 1, model_block(form, **model), RECIPES[sampling], WINDOWS)


def labels_of(folder):
    events = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    return [event["labels"] for event in events if event["event"] == "window" and event["name"] == "epoch"]


@pytest.mark.parametrize(
    ("keys", "engine", "reason"),
    [
        ({"graph_dropout": 0.2, "state_dropout": 0.1}, "fused_cpu", None),
        ({"recurrent_layers": 2}, "torch", "no kernel for a GRU of 2 layers"),
        (
            {"sampling": "windows", "form": "stgnn_reference", "graph_layers": 2},
            "torch",
            "no kernel for this ReferenceSTGNN",
        ),
    ],
)
def test_the_ledger_names_the_back_end_and_why_it_is_torch(
    keys, engine, reason, task, graph, metering, tmp_path
):
    if engine == "fused_cpu" and KERNEL.kernel is None:
        pytest.skip(f"no kernel: {KERNEL.why}")
    train_into(tmp_path, task, graph, metering, spec_of(**keys))
    labels = labels_of(tmp_path)
    assert len(labels) == 3
    assert {(of_epoch["engine"], of_epoch.get("engine_reason")) for of_epoch in labels} == {(engine, reason)}


@pytest.mark.parametrize(
    ("sampling", "form", "keys"),
    [
        ("pairs", "stgnn", {"graph_dropout": 0.3}),
        ("pairs", "gru", {"state_dropout": 0.3}),
        ("pairs", "stgnn", {"recurrent_layers": 2, "channels": 6, "state_dropout": 0.3}),
        ("sequences", "stgnn", {"state_dropout": 0.3, "recurrent_layers": 2}),
        ("windows", "stgnn_reference", {"graph_layers": 2, "channels": 6, "recurrent_layers": 2}),
    ],
)
def test_each_key_changes_what_is_learned_and_the_loss_falls(
    sampling, form, keys, task, graph, metering, tmp_path
):
    for name, given in (("plain", {}), ("changed", keys)):
        train_into(tmp_path / name, task, graph, metering, spec_of(sampling, form, **given))
    plain, changed = (
        read_tensors(tmp_path / name / "model.safetensors")[0]["output.bias"] for name in ("plain", "changed")
    )
    assert not np.array_equal(plain, changed)
    epochs = pd.read_parquet(tmp_path / "changed/epochs.parquet")
    assert np.isfinite(epochs["validation_rmse"]).all()
    assert epochs["train_loss"].iloc[-1] < epochs["train_loss"].iloc[0]


@pytest.mark.parametrize(
    "keys",
    [
        {"graph_dropout": 0.3, "state_dropout": 0.2},
        {"recurrent_layers": 2, "state_dropout": 0.2},
        {"sampling": "sequences", "recurrent_layers": 2, "state_dropout": 0.2},
    ],
    ids=["kernel", "torch", "sequences"],
)
def test_a_broken_training_with_dropout_draws_the_same_masks_when_it_goes_on(
    keys, task, graph, metering, tmp_path, monkeypatch
):
    spec = spec_of(**keys)
    train_into(tmp_path / "whole", task, graph, metering, spec)
    save = ResumeFile.save

    def save_and_break(self, learner, training):
        save(self, learner, training)
        raise KeyboardInterrupt

    broken = tmp_path / "broken"
    with monkeypatch.context() as patch:
        patch.setattr(ResumeFile, "save", save_and_break)
        with pytest.raises(KeyboardInterrupt):
            train_into(broken, task, graph, metering, spec)
    train_into(broken, task, graph, metering, spec)
    assert [of_epoch["epoch"] for of_epoch in labels_of(broken)] == [1, 2, 3]
    assert (broken / "model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("sampling", "form", "keys", "layer"),
    [
        ("pairs", "stgnn", {"recurrent_layers": 2}, "gru.weight_hh_l1"),
        ("windows", "stgnn_reference", {"graph_layers": 3}, "further"),
        ("windows", "stgnn_reference", {"graph_layers": 3}, "further.1"),
    ],
)
def test_rates_per_layer_take_the_names_of_further_layers(
    sampling, form, keys, layer, task, graph, metering, tmp_path
):
    """A rate of 0 leaves the weights of these layers as they were drawn, and no others."""
    spec = spec_of(sampling, form, **keys)
    update = {"layer_rates": {layer: 0.0}, "epochs": 1, "steps_per_epoch": 3}
    frozen = spec.recipe.model_copy(update=update)
    train_into(tmp_path, task, graph, metering, ModelSpec("model", 1, spec.model, frozen, WINDOWS))
    trained, _ = read_tensors(tmp_path / "model.safetensors")
    named = {name for name in trained if name == layer or name.startswith(f"{layer}.")}
    assert named
    drawn = make_forecaster(spec, task, graph, torch.device("cpu")).network
    for name, value in drawn.state_dict().items():
        assert np.array_equal(trained[name], value.numpy()) == (name in named), name
