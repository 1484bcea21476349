"""What a compression method may use beside a network's weights: data, recipe and graph."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import scipy.sparse as sp
import torch

from wattshed.config.models.compression import TuningBlock
from wattshed.data.graph import Graph
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.batches.drawing import Batch, draw_seed, examples_for
from wattshed.training.batches.making import make_batches, make_sampler
from wattshed.training.by_recipe import AfterStep, RecipeTraining, train_by_recipe
from wattshed.training.spec import ModelSpec, forecaster_of, graph_of, make_forecaster, untrained_base
from wattshed.training.step.gradient import StepHooks
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further


@dataclass(frozen=True)
class Making:
    """One checkpoint that a method works on.

    forecaster: of the checkpoint, not to be changed; spec: of the result, its last step is the method's; graph: the
    study's, before any shuffling; tuning: batch and learning rate of fine-tuning; notes: numbers that the method adds,
    for the ledger's window of the making.
    """

    forecaster: NeuralForecaster
    task: ForecastTask
    graph: Graph
    spec: ModelSpec
    tuning: TuningBlock
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def adjacency(self) -> sp.csr_array:
        """The normalised adjacency of the model's graph [N, N]."""
        return graph_of(self.spec, self.graph).adjacency

    @property
    def network(self) -> Network:
        return self.forecaster.network

    @property
    def part(self) -> Part:
        """The training part: no method sees validation, test or later months."""
        train = self.task.splits.train
        return Part(train.name, self.task.origins(train), 0)

    def calibration(self, pairs: int, number: int = 0) -> Batch:
        """Random examples of the training part, of about this many (node, window) pairs; the same for each number."""
        sampler = make_sampler(self.spec.recipe, self.task, self.forecaster.series)
        generator = torch.Generator().manual_seed(draw_seed(self.spec.seed, number))
        origins = torch.from_numpy(self.part.origins)
        return sampler.batch(sampler.draw(examples_for(sampler, pairs), origins, generator))

    def of(self, network: Network) -> NeuralForecaster:
        """The forecaster of a result on the checkpoint's series; it streams if the result's recipe is for streams."""
        series = self.forecaster.series
        return forecaster_of(network, self.spec, self.task, self.graph, series.device, series.engine, series)

    def untrained_here(self) -> Network:
        """A network of the checkpoint's shape with initial weights, drawn from the seed."""
        before = replace(self.spec, steps=self.spec.steps[:-1])
        series = self.forecaster.series
        made = make_forecaster(before, self.task, self.graph, series.device, series.engine, series)
        return made.network

    def context(self, network: Network, steps: int) -> UpdateContext:
        """For updates of a network on the checkpoint's series, in place."""
        pace = Pace(steps, self.tuning.batch, self.tuning.learning_rate)
        return UpdateContext(self.of(network), self.task, self.spec, pace)

    def fine_tune(self, network: Network, steps: int, number: int = 0) -> float:
        """Train a network further on the training part, in place; returns the mean loss. number: for other batches."""
        return train_further(UpdateHooks(self.context(network, steps)), replace(self.part, number=number))

    @property
    def recipe_steps(self) -> int:
        """Gradient steps of a whole training by the recipe, if patience does not end it."""
        recipe = self.spec.recipe
        per_epoch = -(-make_batches(self.spec, self.task, self.forecaster).steps() // recipe.accumulate)
        return recipe.epochs * per_epoch

    def untrained_base(self, seed: int) -> Network:
        """The base model before its training; with the spec's seed it has the weights that its training began with."""
        return untrained_base(self.spec, self.task, self.graph, self.forecaster.series, seed)

    def train_again(
        self, network: Network, hooks: StepHooks | None = None, after_step: AfterStep | None = None
    ) -> RecipeTraining:
        """Train a network from its present weights by the checkpoint's recipe, in place."""
        return train_by_recipe(self.of(network), self.task, self.spec, hooks, after_step)
