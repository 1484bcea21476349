"""Chooses samplers and batches by the recipe."""

from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.examples import ExampleSeries
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batches, PermutedBatches, RandomBatches, Sampler
from wattshed.training.batches.sampled_graph import SampledGraphBatches
from wattshed.training.batches.samplers import ExampleSampler, PairSampler, SequenceSampler, WindowSampler
from wattshed.training.spec import ModelSpec


def make_sampler(recipe: RecipeBlock, task: ForecastTask, series: ScaledSeries) -> Sampler:
    """Draws what networks of this recipe are trained on: pairs, windows of all nodes, sequences or labelled windows."""
    observed, horizon_steps = task.panel.observed, task.windows.horizon_steps
    if recipe.sampling == "examples":
        assert isinstance(series, ExampleSeries)
        return ExampleSampler(series, observed)
    if recipe.sampling == "windows":
        return WindowSampler(series, observed, horizon_steps)
    if recipe.sampling == "sequences":
        per_hour = task.windows.steps_per_hour
        length, burn_in = per_hour * recipe.sequence_h, per_hour * recipe.burn_in_h
        return SequenceSampler(series, observed, horizon_steps, length, burn_in)
    return PairSampler(series, observed, horizon_steps)


def make_batches(spec: ModelSpec, task: ForecastTask, forecaster: NeuralForecaster) -> Batches:
    """Batches of a base training.

    Raises :class:`Fault` if the recipe samples the graph of a network that cannot compute on a part of it.
    """
    recipe = spec.recipe
    sampler = make_sampler(recipe, task, forecaster.series)
    origins = task.origins(task.splits.train)
    if recipe.sampling == "examples":
        return PermutedBatches(sampler, origins, spec.seed, recipe.batch, recipe.steps_per_epoch, equal=True)
    if recipe.sampling != "windows":
        return RandomBatches(sampler, origins, spec.seed, recipe.batch, recipe.steps_per_epoch)
    windows = PermutedBatches(sampler, origins, spec.seed, recipe.batch, recipe.steps_per_epoch)
    shares = recipe.edge_keep_share, recipe.node_keep_share
    if shares == (1, 1):
        return windows
    adjacency = forecaster.network.sampled_adjacency()
    if adjacency is None:
        raise Fault(
            f"the recipe of {spec.name} has edge_keep_share {shares[0]} and node_keep_share {shares[1]}, but its "
            "network cannot compute on a part of the graph: expected 1 for both; change the recipe."
        )
    return SampledGraphBatches(windows, adjacency, spec.seed, *shares)
