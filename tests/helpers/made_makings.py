"""What a compression method gets in a job, on the small panel, with a recipe of a few steps."""

from typing import Any

import numpy as np
import torch

from model_blocks import model_block
from wattshed.compression.methods.making import Making
from wattshed.config.models.compression import TuningBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.by_recipe import train_by_recipe
from wattshed.training.spec import ModelSpec, Step, forecaster_of, make_forecaster

CPU = torch.device("cpu")


def short_recipe(**keys: Any) -> RecipeBlock:
    """A training of a second."""
    given = {"sampling": "pairs", "batch": 16, "epochs": 3, "steps_per_epoch": 4, "learning_rate": 5e-3}
    return RecipeBlock(**{**given, "schedule": "cosine", "scaling": "node", "validation_windows": 20, **keys})


def random_network(task: ForecastTask, graph: Graph, /, seed: int = 1, **model: Any) -> Network:
    """A network of that block, whose weights are all different from zero."""
    return _with_noise(make_network(_small(**model), task.windows, graph.adjacency, seed), seed)


def making_of(
    task: ForecastTask,
    graph: Graph,
    /,
    network: Network | None = None,
    *,
    seed: int = 1,
    recipe: RecipeBlock | None = None,
    steps: tuple[str, ...] = ("variant",),
    trained: bool = False,
    **model: Any,
) -> Making:
    """Of the network, or of one of the block ``model``; the last of ``steps`` is the method's.

    trained: by the recipe, from the seed's first weights, as a base model is. Otherwise the weights are random.
    """
    windows = {"sampling": "windows", "batch": 2} if model.get("form") == "stgnn_reference" else {}
    spec = ModelSpec("model", seed, _small(**model), recipe or short_recipe(**windows), task.windows)
    forecaster = make_forecaster(spec, task, graph, CPU)
    if network is not None:
        forecaster = forecaster_of(network, spec, task, graph, CPU)
    elif trained:
        train_by_recipe(forecaster, task, spec)
    else:
        _with_noise(forecaster.network, seed)
    for name in steps:
        spec = spec.after(Step(name, "method", name, {}))
    return Making(forecaster, task, graph, spec, TuningBlock(batch=32, learning_rate=1e-2))


def forecast_of(network: Network, making: Making) -> np.ndarray:
    """Forecast of five windows in the panel's unit, on torch."""
    forecaster = NeuralForecaster(network, making.forecaster.series, making.task.windows.horizon_steps)
    return forecaster.forecast(making.part.origins[:5])


def _small(form: str = "stgnn", **model: Any) -> ModelBlock:
    return model_block(form, **({} if form in ("dlinear", "transformer") else {"hidden": 8}) | model)


def _with_noise(network: Network, seed: int) -> Network:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.3 * torch.randn(weights.shape, generator=generator))
    return network.eval()
