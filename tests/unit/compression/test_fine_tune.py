"""Fine-tuning alone: the control that has every other variant's further steps, and nothing removed."""

import copy

import pytest
import torch
import yaml

from made_makings import making_of
from wattshed.compression.methods import prune
from wattshed.compression.methods.fine_tune import METHOD, FineTuneSettings
from wattshed.config.lineages import lineages_of
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault

SETTINGS = FineTuneSettings(method="fine_tune", fine_tune_steps=3)


def test_it_copies_and_then_trains_by_the_steps_of_other_variants(task, graph):
    making = making_of(task, graph)
    before = copy.deepcopy(making.network.state_dict())
    made = METHOD.make_from(making, SETTINGS)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
    steps, _ = METHOD.fine_tune(making, made, SETTINGS)
    assert steps == 3
    assert any(not torch.equal(value, before[name]) for name, value in made.state_dict().items())
    assert all(torch.equal(value, before[name]) for name, value in making.network.state_dict().items())
    # The same batches and rates as after a method that changed nothing.
    other = copy.deepcopy(making.network)
    settings = prune.PruneSettings(method="prune", keep_share=0.5, fine_tune_steps=3)
    prune.METHOD.fine_tune(making, other, settings)
    assert all(torch.equal(value, made.state_dict()[name]) for name, value in other.state_dict().items())


def test_it_is_a_control_and_needs_steps():
    assert METHOD.is_control(SETTINGS)
    assert not METHOD.shrinks
    for keys in ({}, {"fine_tune_steps": 0}):
        with pytest.raises(ValueError, match="fine_tune_steps"):
            FineTuneSettings(method="fine_tune", **keys)


def test_chains_take_it_where_networks_can_be_trained(root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    config["compression"]["variants"]["tuned"] = {"method": "fine_tune", "fine_tune_steps": 300, "models": []}
    config["chains"] = [
        {"name": "mine", "model": "stgnn", "steps": ["replay", "tuned", "prune_half", "int8"]}
    ]
    assert "stgnn+replay+tuned+prune_half+int8" in lineages_of(load_study(config))
    for model, steps in (("pooled_ridge", ["tuned"]), ("stgnn", ["int8", "tuned"])):
        config["chains"] = [{"name": "mine", "model": model, "steps": steps}]
        with pytest.raises(Fault, match="cannot be trained further"):
            load_study(config)
