"""Checkpoints of untrained networks, and what a compression job makes of them."""

import json

import torch

from model_blocks import model_block
from wattshed.compression.making import compress_checkpoints
from wattshed.config.models.compression import MeasuringBlock, TuningBlock, variant_of
from wattshed.config.models.recipes import RecipeBlock
from wattshed.training.checkpoint import read_spec, write_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=5e-3, schedule="cosine", scaling="node"
)
QUICK = MeasuringBlock(latency_repeats=5, energy_rounds=1)
# Two rounds give an interval and an order of their own.
ROUNDS = MeasuringBlock(latency_repeats=5, energy_rounds=2)
VARIANTS = {
    "half": '{"method": "prune", "keep_share": 0.5}',
    "half_tuned": '{"method": "prune", "keep_share": 0.5, "fine_tune_steps": 20}',
    "thin": '{"method": "low_rank", "rank": 4}',
    "int8": '{"method": "int8"}',
}


def write_base(folder, task, graph, seeds=(1, 2), form="stgnn", **keys):
    paths = []
    for seed in seeds:
        spec = ModelSpec("model", seed, model_block(form, **keys), RECIPE, task.windows)
        paths.append(folder / f"model-{seed}.safetensors")
        write_checkpoint(paths[-1], make_forecaster(spec, task, graph, CPU).network, spec)
    return paths


def compress(given, paths, name, settings=None):
    parent = read_spec(paths[0])[0].lineage
    lineage = f"{parent}+{name}"
    targets = [path.with_name(path.name.replace(parent, lineage, 1)) for path in paths]
    compress_checkpoints(
        given,
        paths,
        targets,
        variant=name,
        settings=variant_of(settings or VARIANTS[name]),
        tuning=TuningBlock(batch=32),
        ledger=paths[0].with_name(f"{lineage}.jsonl"),
    )
    return targets


def windows_of(ledger):
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    return [line for line in lines if line["event"] == "window"]
