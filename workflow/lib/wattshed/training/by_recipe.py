"""A whole training by a checkpoint's recipe inside another job, such as a student's or a lottery ticket's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import draw_seed, grouped
from wattshed.training.batches.making import make_batches
from wattshed.training.guards.stopping import EarlyStopping, Standing
from wattshed.training.loop import validation_rmse
from wattshed.training.spec import ModelSpec
from wattshed.training.step.gradient import StepHooks
from wattshed.training.step.learner import Learner

# The number of gradient steps that were done. It may change weights in place.
AfterStep = Callable[[int], None]


@dataclass(frozen=True)
class RecipeTraining:
    """What a training did. train_losses: mean loss of each epoch, with the hooks' penalties; validation_rmse: of the
    weights that were kept, in the panel's unit.
    """

    steps: int
    epochs: int
    train_losses: tuple[float, ...]
    validation_rmse: float


def train_by_recipe(
    forecaster: NeuralForecaster,
    task: ForecastTask,
    spec: ModelSpec,
    hooks: StepHooks | None = None,
    after_step: AfterStep | None = None,
) -> RecipeTraining:
    """Train a network in place from its present weights, as the spec's recipe trains a base model.

    Batches, schedule, averaging, validation and patience are those of :func:`wattshed.training.loop.train`; the weights
    of the epoch with the least validation error are kept. It saves no state and opens no window: the caller meters the
    whole. hooks: what is added to each step's loss. after_step: called after each step and once before the first, with
    the number of steps done. A part with a closed form is solved first.
    Raises :class:`Fault` if a loss or the validation error is not finite.
    """
    network, recipe = forecaster.network, spec.recipe
    where = f"training {spec.lineage} (seed {spec.seed})"
    if network.has_closed_form:
        forecaster.solve(task)
    batches = make_batches(spec, task, forecaster)
    per_epoch = -(-batches.steps() // recipe.accumulate)
    plan = spec.plan_on(forecaster.series)
    learner = Learner.make(network, recipe, recipe.epochs * per_epoch, forecaster.series.device, plan)
    judged = forecaster.of(learner.average.network)
    check = evenly_spaced(task.origins(task.splits.validation), recipe.validation_windows)
    patience = EarlyStopping(recipe.patience, recipe.min_delta, recipe.patience_warm_up_epochs)
    standing, least, best = Standing(), math.inf, None
    losses: list[float] = []
    done = 0
    if after_step is not None:
        after_step(done)
    for epoch in range(1, recipe.epochs + 1):
        torch.manual_seed(draw_seed(spec.seed, epoch))
        network.train()
        seen = []
        for group in grouped(batches.epoch(epoch), recipe.accumulate):
            seen.append(learner.step(group, done, hooks))
            done += 1
            if after_step is not None:
                after_step(done)
        losses.append(float(torch.stack(seen).double().mean()))
        error = validation_rmse(judged, task, check)
        if not (math.isfinite(losses[-1]) and math.isfinite(error)):
            raise Fault(
                f"{where}: the loss or the validation error is not finite in epoch {epoch}: expected numbers; look for "
                "implausible values in the panel (quality.parquet), or lower the recipe's learning_rate or clip_norm."
            )
        learner.schedule.after_epoch(error)
        if error < least:
            least = error
            best = {name: value.detach().clone() for name, value in judged.network.state_dict().items()}
        standing = patience.after(standing, epoch, error)
        if patience.ends(standing):
            break
    assert best is not None
    network.load_state_dict(best)
    return RecipeTraining(done, len(losses), tuple(losses), least)
