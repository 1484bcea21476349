"""A trained network on disk: weights and the resolved blocks that made it."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from wattshed.config.data.data import WindowsBlock
from wattshed.config.models.training import ModelBlock, RecipeBlock
from wattshed.data.graph import Graph
from wattshed.engine.choice import Wanted
from wattshed.forecast.families.networks import make_network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors


@dataclass(frozen=True)
class ModelSpec:
    """All that decides a training besides its data: name, seed, form, recipe and windows."""

    name: str
    seed: int
    model: ModelBlock
    recipe: RecipeBlock
    windows: WindowsBlock


def write_checkpoint(path: Path | str, network: nn.Module, made_by: ModelSpec) -> None:
    tensors = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
    about = {
        "name": made_by.name,
        "seed": made_by.seed,
        "model": made_by.model.model_dump(),
        "recipe": made_by.recipe.model_dump(),
        "windows": made_by.windows.model_dump(),
    }
    write_tensors(path, tensors, about)


def read_checkpoint(
    path: Path | str, task: ForecastTask, graph: Graph, device: torch.device, engine: Wanted = "auto"
) -> tuple[NeuralForecaster, ModelSpec]:
    """Rebuild the forecaster that :func:`write_checkpoint` saved, on a task with the same windows."""
    arrays, about = read_tensors(path)
    made_by = ModelSpec(
        name=about["name"],
        seed=about["seed"],
        model=ModelBlock(**about["model"]),
        recipe=RecipeBlock(**about["recipe"]),
        windows=WindowsBlock(**about["windows"]),
    )
    if made_by.windows != task.windows:
        raise Fault(
            f"{path} forecasts {made_by.windows.horizon_h} h from {made_by.windows.look_back_h} h, the task "
            f"asks for {task.windows.horizon_h} h from {task.windows.look_back_h} h: train it again."
        )
    forecaster = make_forecaster(made_by, task, graph, device, engine)
    weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
    refuse_misfit(path, weights, forecaster.network)
    forecaster.network.load_state_dict(weights)
    return forecaster, made_by


def refuse_misfit(path: Path | str, weights: dict[str, Tensor], network: nn.Module) -> None:
    """Raises :class:`Fault` for the first tensor that is missing, not the network's, or of another shape."""
    expected = network.state_dict()
    for name in dict.fromkeys([*expected, *weights]):
        found, wanted = (
            f"has the shape {list(tensors[name].shape)}" if name in tensors else "does not exist"
            for tensors in (weights, expected)
        )
        if found != wanted:
            raise Fault(
                f"{path} does not fit the network it describes: its tensor {name} {found}, in the network it {wanted}; "
                "delete the file and train again."
            )


def make_forecaster(
    made_by: ModelSpec, task: ForecastTask, graph: Graph, device: torch.device, engine: Wanted = "auto"
) -> NeuralForecaster:
    """An untrained forecaster with the graph that its block asks for."""
    if made_by.model.graph == "shuffled":
        graph = graph.shuffled(made_by.seed)
    series = ScaledSeries.make(task, graph.adjacency, made_by.recipe.scaling, device, engine)
    network = make_network(made_by.model, task.windows, graph.adjacency, made_by.seed)
    kind = StreamingForecaster if made_by.recipe.sampling == "sequences" else NeuralForecaster
    return kind(network.to(device), series, task.windows.horizon_h)
