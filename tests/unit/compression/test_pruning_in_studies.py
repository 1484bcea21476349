"""Pruning, masks and tickets as a study uses them: read with the configuration, made by the job, stored and loaded."""

import copy
import json

import pytest
import torch
import yaml

from made_makings import short_recipe
from model_blocks import model_block
from wattshed.compression.making import compress_checkpoints
from wattshed.compression.methods.masks import of_zeros
from wattshed.config.lineages import lineages_of
from wattshed.config.models.compression import TuningBlock, variant_of
from wattshed.config.study import load_study
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
VARIANTS = {
    "taylor": {
        "method": "prune",
        "keep_share": 0.5,
        "what": "both",
        "importance": "taylor",
        "fold_mean": True,
    },
    "slowly": {"method": "prune_gradually", "keep_share": 0.5, "rounds": 2, "fine_tune_steps": 5},
    "masked": {"method": "mask", "keep_share": 0.5, "fine_tune_steps": 4},
    "ticket": {"method": "lottery_ticket", "rounds": 1},
    "sparse": {"method": "sparse_training", "density": 0.5, "update_every": 2},
}


def made(task, graph, metering, folder, name):
    """A variant's network as read from its checkpoint, and the windows of its ledger."""
    spec = ModelSpec("model", 1, model_block(hidden=8), short_recipe(), task.windows)
    base, target = folder / "model-1.safetensors", folder / f"model+{name}-1.safetensors"
    write_checkpoint(base, make_forecaster(spec, task, graph, CPU).network, spec)
    compress_checkpoints(
        JobInputs(task, graph, metering, CPU, "auto"),
        [base],
        [target],
        variant=name,
        settings=variant_of(json.dumps(VARIANTS[name])),
        tuning=TuningBlock(batch=32),
        ledger=folder / "ledger.jsonl",
    )
    lines = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    read, _ = read_checkpoint(target, task, graph, CPU)
    return read, [line for line in lines if line["event"] == "window"]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_made_metered_stored_and_loaded(name, task, graph, metering, tmp_path):
    read, windows = made(task, graph, metering, tmp_path, name)
    forecast = read.forecast(task.origins(task.splits.test)[:3])
    assert torch.from_numpy(forecast).isfinite().all()
    kinds = [window["name"] for window in windows]
    assert kinds.count("make") == 1
    assert kinds.count("fine_tune") == bool(VARIANTS[name].get("fine_tune_steps"))
    if name in {"slowly", "masked"}:
        # Of the first, two steps were done between the rounds.
        assert [window["values"]["steps"] for window in windows if window["name"] == "fine_tune"] == [
            {"slowly": 3, "masked": 4}[name]
        ]
    if name in {"masked", "ticket", "sparse"}:
        left = sum(int(mask.sum()) for mask in of_zeros(read.network).values())
        assert left <= round({"masked": 0.5, "ticket": 0.8, "sparse": 0.5}[name] * 408) + 1
    else:
        assert read.network.gru.hidden_size == 4


@pytest.fixture(scope="module")
def config(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


def study_with(config, model, *steps):
    changed = copy.deepcopy(config)
    changed["compression"]["variants"] |= copy.deepcopy(VARIANTS)
    changed["compression"]["models"] = []
    changed["chains"] = [{"name": "mine", "model": model, "steps": list(steps)}]
    return load_study(changed)


@pytest.mark.parametrize(
    "steps",
    [
        ["taylor", "slowly", "replay"],
        ["ticket", "masked"],
        ["sparse", "replay", "taylor"],
        ["replay", "masked"],
    ],
)
def test_chains_may_follow_one_another(config, steps):
    assert "+".join(["stgnn", *steps]) in lineages_of(study_with(config, "stgnn", *steps))


@pytest.mark.parametrize(
    ("model", "steps", "sentence"),
    [
        (
            "stgnn",
            ["replay", "ticket"],
            r"'ticket' cannot be made of 'stgnn\+replay': it trains the base model again",
        ),
        ("stgnn", ["masked", "sparse"], r"'sparse' cannot be made of 'stgnn\+masked': .* as the first step"),
        ("dlinear", ["taylor"], "the family dlinear has no units to prune, which 'taylor' needs"),
        (
            "pooled_ridge",
            ["masked"],
            "the family pooled_ridge has no weight matrices to replace, which 'masked' needs",
        ),
    ],
)
def test_steps_that_cannot_follow_are_refused_when_the_configuration_is_read(config, model, steps, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        study_with(config, model, *steps)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"what": "channels", "keep_share": 0.01}, "keeps 0 of 16 channels"),
        ({"keep_share": 0.99}, "keeps 16 of 16 units"),
        ({"keep_share": 1}, "keep_share"),
        ({"importance": "size"}, "importance"),
        ({"rounds": 3}, "rounds"),
    ],
)
def test_settings_that_no_network_can_follow_are_refused_too(config, changes, sentence):
    changed = copy.deepcopy(config)
    changed["compression"]["variants"]["taylor"] = {**VARIANTS["taylor"], **changes}
    changed["chains"] = [{"name": "mine", "model": "stgnn", "steps": ["taylor"]}]
    with pytest.raises(Fault, match=sentence) as caught:
        load_study(changed)
    assert "\n" not in str(caught.value)
