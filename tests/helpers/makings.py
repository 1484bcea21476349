"""What a compression method gets in a job, for a network that a test has made."""

from typing import Any

import torch

from model_blocks import model_block
from wattshed.compression.methods.making import Making
from wattshed.config.models.compression import TuningBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import Network
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.checkpoint import ModelSpec, Step, forecaster_of

CPU = torch.device("cpu")


def short_recipe(**keys: Any) -> RecipeBlock:
    """A training of a second."""
    given = {"sampling": "pairs", "batch": 64, "epochs": 2, "steps_per_epoch": 6, "learning_rate": 5e-3}
    return RecipeBlock(**{**given, "schedule": "cosine", "scaling": "node", "validation_windows": 20, **keys})


def random_network(task: ForecastTask, graph: Graph, seed: int = 1, **keys: Any) -> Network:
    """A network of that block, whose weights are all different from zero."""
    network = make_network(model_block(**keys), task.windows, graph.adjacency, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


def making_of(
    task: ForecastTask,
    graph: Graph,
    network: Network | None = None,
    recipe: RecipeBlock | None = None,
    steps: tuple[Step, ...] = (Step("smaller", "method", "prune", {"method": "prune", "keep_share": 0.5}),),
    **keys: Any,
) -> Making:
    """Of the network, or of a random one of the block ``keys``; the last of ``steps`` is the method's."""
    recipe = recipe or short_recipe(sampling="windows" if keys.get("form") == "stgnn_reference" else "pairs")
    spec = ModelSpec("model", 1, model_block(**keys), recipe, task.windows, steps)
    network = random_network(task, graph, **keys) if network is None else network
    return Making(forecaster_of(network, spec, task, graph, CPU), task, graph, spec, TuningBlock(batch=32))
