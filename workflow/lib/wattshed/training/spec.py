"""All that decides a network: its blocks, its lineage and its data; and the forecaster that is made of them."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.engine.choice import Wanted
from wattshed.forecast.examples import ExampleSeries
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import LINEAGE_JOINT
from wattshed.memory.mechanisms.protocol import Place
from wattshed.memory.plan import PLAIN, MemoryPlan, plan_of
from wattshed.training.step.precision import computes_bf16


@dataclass(frozen=True)
class Step:
    """One step of a lineage: a strategy or a method of the study, by its name there, with its settings.

    plugin: the strategy or method; settings: as the configuration has them, for JSON.
    """

    name: str
    kind: Literal["strategy", "method"]
    plugin: str
    settings: dict[str, Any]

    @property
    def method(self) -> Any:
        """The compression method, and its settings as the configuration read them."""
        method = plugins.load("method", self.plugin)
        # Validated as JSON, so that tuples and enumerations get their types back.
        return method, method.Settings.model_validate_json(json.dumps(self.settings))

    @property
    def becomes(self) -> ModelBlock | None:
        """The block of the step's result, if that is a network of its own."""
        if self.kind != "method":
            return None
        method, settings = self.method
        made: ModelBlock | None = method.becomes(settings)
        return made


@dataclass(frozen=True)
class TrainedOn:
    """Digests of the panel and of the graph (before any shuffling) that a network was trained on."""

    panel: str
    graph: str


@dataclass(frozen=True)
class ModelSpec:
    """All that decides a network: name, seed, model, recipe, windows, steps after training, and data.

    trained_on: None before the training.
    """

    name: str
    seed: int
    model: ModelBlock
    recipe: RecipeBlock
    windows: WindowsBlock
    steps: tuple[Step, ...] = field(default=())
    trained_on: TrainedOn | None = None

    @property
    def lineage(self) -> str:
        """The model and its steps, such as ``stgnn+replay+prune_half``."""
        return LINEAGE_JOINT.join([self.name, *(step.name for step in self.steps)])

    @property
    def parent(self) -> str | None:
        """Lineage before the last step; None for a base model."""
        return (
            LINEAGE_JOINT.join([self.name, *(step.name for step in self.steps[:-1])]) if self.steps else None
        )

    def on(self, task: ForecastTask, graph: Graph) -> "ModelSpec":
        """The spec of a network that was trained on this data."""
        return replace(self, trained_on=TrainedOn(task.panel_digest, graph.digest))

    def after(self, step: Step) -> "ModelSpec":
        return replace(self, steps=(*self.steps, step))

    @property
    def shaped_by(self) -> tuple[ModelBlock, int]:
        """The block of the network, and how many steps made it: a student has a block of its own."""
        for count in range(len(self.steps), 0, -1):
            made = self.steps[count - 1].becomes
            if made is not None:
                return made, count
        return self.model, 0

    def plan_at(self, place: Place) -> MemoryPlan:
        """The memory plan of its recipe at a place. Raises :class:`Fault` for a mechanism that does not fit."""
        if self.recipe.memory is None:
            return PLAIN
        return plan_of(self.recipe, self.shaped_by[0], self.windows, place)

    def plan_on(self, series: ScaledSeries) -> MemoryPlan:
        """The memory plan of its recipe where these series are."""
        return self.plan_at(place_of(series.device, series.engine))


def make_forecaster(
    spec: ModelSpec,
    task: ForecastTask,
    graph: Graph,
    device: torch.device,
    engine: Wanted = "auto",
    series: ScaledSeries | None = None,
) -> NeuralForecaster:
    """An untrained forecaster of the lineage's shape, with the graph that its block asks for; series: to share."""
    adjacency = graph_of(spec, graph).adjacency
    plan = spec.plan_at(place_of(device, engine))
    made_by = spec.shaped_by[1]
    network = make_network(spec.model, task.windows, adjacency, spec.seed)
    for count in range(len(spec.steps) + 1):
        if count and spec.steps[count - 1].kind == "method":
            method, settings = spec.steps[count - 1].method
            network = method.skeleton_on(network, settings, task.windows, adjacency, spec.seed)
        # The plan belongs to the network that was trained by the recipe: methods worked on what it had made of it.
        if count == made_by:
            network = plan.applied(network, spec.seed)
    if len(spec.steps) > made_by:
        network = plan.renewed(network, spec.seed)
    return forecaster_of(network, spec, task, graph, device, engine, series)


def untrained_base(
    spec: ModelSpec, task: ForecastTask, graph: Graph, series: ScaledSeries, seed: int
) -> Network:
    """The base model before its training, on the device, with the memory plan of its recipe; seed: of the weights."""
    # The graph is shuffled by the base model's seed, whatever the seed of the weights.
    network = make_network(spec.model, task.windows, graph_of(spec, graph).adjacency, seed)
    base = replace(spec, steps=())
    return base.plan_on(series).applied(network, seed).to(series.device)


def place_of(device: torch.device, engine: Wanted) -> Place:
    """What a memory plan must know of a device."""
    return Place(device.type, engine, computes_bf16(device))


def forecaster_of(
    network: Network,
    spec: ModelSpec,
    task: ForecastTask,
    graph: Graph,
    device: torch.device,
    engine: Wanted = "auto",
    series: ScaledSeries | None = None,
) -> NeuralForecaster:
    """The forecaster of a network; it streams if the spec's recipe trains on sequences. series: to share."""
    if series is None and network.takes == "examples":
        series = ExampleSeries.of_classes(task, device, engine)
    if series is None:
        adjacency = graph_of(spec, graph).adjacency
        series = ScaledSeries.make(task, adjacency, spec.recipe.scaling, device, engine)
    kind = StreamingForecaster if spec.recipe.sampling == "sequences" else NeuralForecaster
    return kind(network.to(device), series, task.windows.horizon_steps)


def graph_of(spec: ModelSpec, graph: Graph) -> Graph:
    """The graph that a model's block asks for. graph: the study's."""
    asked = graph.shuffled(spec.seed) if spec.model.graph == "shuffled" else graph
    return asked.cleaned(spec.model.minimum_edge_weight)
