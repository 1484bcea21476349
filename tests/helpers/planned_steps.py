"""A few steps of a study's model with a memory plan, as its training does them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from model_blocks import model_block
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.memory import MemoryBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.batches.making import make_batches
from wattshed.training.spec import ModelSpec, make_forecaster
from wattshed.training.step.learner import Learner

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
# Small networks; dropout only where a test asks for it.
MODELS: dict[str, dict[str, Any]] = {
    "stgnn": {"hidden": 8},
    "gru": {"hidden": 8, "calendar": True},
    "lstm": {"hidden": 8},
    "transformer": {"width": 8},
    "dlinear": {},
    "stgnn_reference": {"hidden": 8, "dropout": 0.0, "graph_layers": 2},
}


def recipe_of(sampling: str, memory: Any = None, **keys: Any) -> RecipeBlock:
    """Without clipping, unless it is asked for."""
    common = {"epochs": 1, "learning_rate": 1e-2, "schedule": "cosine", "scaling": "node", "batch": 6}
    sizes = {"sequence_h": 40, "burn_in_h": 4, "steps_per_epoch": 3, "clip_norm": None, "weight_decay": 0.01}
    block = None if memory is None else MemoryBlock.model_validate(memory)
    return RecipeBlock(**{**common, **sizes, "sampling": sampling, "memory": block, **keys})


def spec_of(form: str, recipe: RecipeBlock, **keys: Any) -> ModelSpec:
    return ModelSpec("model", 1, model_block(form, **{**MODELS[form], **keys}), recipe, WINDOWS)


def forecaster_of(
    spec: ModelSpec, task: ForecastTask, graph: Graph, engine: Any = "torch"
) -> NeuralForecaster:
    return make_forecaster(spec, task, graph, CPU, engine)


def stepped(
    spec: ModelSpec, task: ForecastTask, graph: Graph, steps: int = 3, engine: Any = "torch"
) -> tuple[Mapping[str, Tensor], Sequence[float], Learner]:
    """State and losses after some steps."""
    forecaster = forecaster_of(spec, task, graph, engine)
    learner = learner_of(forecaster, spec)
    losses = take(learner, forecaster, spec, task, 0, steps)
    return state_of(learner), losses, learner


def learner_of(forecaster: NeuralForecaster, spec: ModelSpec) -> Learner:
    return Learner.make(forecaster.network, spec.recipe, 10, CPU, spec.plan_on(forecaster.series))


def take(
    learner: Learner,
    forecaster: NeuralForecaster,
    spec: ModelSpec,
    task: ForecastTask,
    first: int,
    steps: int,
) -> list[float]:
    torch.manual_seed(first)
    forecaster.network.train()
    accumulate = spec.recipe.accumulate
    drawn = list(make_batches(spec, task, forecaster).epoch(first + 1))
    groups = [drawn[at : at + accumulate] for at in range(0, len(drawn), accumulate)]
    return [float(learner.step(group, first + number)) for number, group in enumerate(groups[:steps])]


def state_of(learner: Learner) -> dict[str, Tensor]:
    return copy.deepcopy(dict(learner.network.state_dict()))


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(one, second[name]) for name, one in first.items()
    )
