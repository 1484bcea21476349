"""Real training steps of the house's families on synthetic series, through training's own batches and learner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from random import Random
from typing import Any

import torch

from wattshed.calibration.house_kernels import HORIZON_H, LOOK_BACKS_H
from wattshed.calibration.steps import StepCase
from wattshed.calibration.synthetic import World
from wattshed.config.models.families import ModelBlock, read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.families.family import forward_pass_of
from wattshed.law.operations.sizes import batch_sizes
from wattshed.law.operations.training import training_step
from wattshed.training.batches.drawing import Batch, Batches
from wattshed.training.batches.making import make_batches
from wattshed.training.spec import ModelSpec, make_forecaster
from wattshed.training.step.learner import Learner

HOUSE_FAMILIES = ("gru", "lstm", "transformer", "stgnn", "stgnn_reference", "dlinear")
# Steps of an epoch; batches of a further epoch follow.
STEPS = 64


def draw_house_step(
    family: str, random: Random, world: World, engine: str, fused_sizes: Sequence[int], large: bool = False
) -> StepCase | None:
    """A step of random sizes; None for a family that does not count its operations.

    engine: what computes a network that a kernel takes; fused_sizes: hidden units that are compiled;
    large: of batches that keep a GPU busy.
    """
    keys = _keys(family, random, fused_sizes if engine != "torch" else ())
    block = read_model({"form": family, "recipe": "calibration", **keys})
    windows = family == "stgnn_reference"
    recipe = RecipeBlock(
        sampling="windows" if windows else "pairs",
        batch=random.choice((1, 2, 4, 8) if windows else (32, 64, 128, 256, 512, 1024))
        * (16 if large else 1),
        epochs=1,
        steps_per_epoch=STEPS,
        learning_rate=1e-4,
        weight_decay=0.01,
        schedule="cosine",
        scaling="node",
    )
    task = world.task(random.choice(LOOK_BACKS_H), HORIZON_H)
    nodes, edges = len(world.panel.nodes), int(world.graph.adjacency.nnz)
    sizes = batch_sizes(task.windows, recipe, nodes, edges, engine)
    forward = forward_pass_of(block, sizes)
    if forward is None:
        return None
    return StepCase(
        family,
        "house",
        {**keys, "batch": recipe.batch, "look_back_h": task.windows.look_back_steps},
        training_step(forward, recipe, sizes),
        lambda device: _step(block, recipe, world, task.windows.look_back_steps, device),
    )


def _keys(family: str, random: Random, fused_sizes: Sequence[int]) -> dict[str, Any]:
    if family == "dlinear":
        return {}
    if family == "transformer":
        heads = random.choice((1, 2, 4))
        return {"width": heads * random.choice((8, 16, 32)), "heads": heads, "layers": random.choice((1, 2))}
    layers = random.choice((1, 1, 2))
    compiled = bool(fused_sizes) and family in ("gru", "stgnn") and layers == 1
    hidden = random.choice(fused_sizes if compiled else (8, 16, 32, 64))
    return {"hidden": hidden, "recurrent_layers": layers}


def _step(
    block: ModelBlock, recipe: RecipeBlock, world: World, look_back_steps: int, device: torch.device
) -> Callable[[], Any]:
    task = world.task(look_back_steps, HORIZON_H)
    spec = ModelSpec("calibration", 0, block, recipe, task.windows)
    forecaster = make_forecaster(spec, task, world.graph, device)
    plan = spec.plan_on(forecaster.series)
    learner = Learner.make(forecaster.network, recipe, recipe.epochs * STEPS, device, plan)
    drawn = _endless(make_batches(spec, task, forecaster))
    forecaster.network.train()
    return lambda: learner.step([next(drawn)], 0)


def _endless(batches: Batches) -> Iterator[Batch]:
    for epoch in count(1):
        yield from batches.epoch(epoch)
