"""The training loop."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.meter import Meter
from wattshed.forecast.computing import backend_of, trained_by
from wattshed.forecast.metrics import rmse
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Window
from wattshed.memory.accounting.epoch_peak import EpochPeak
from wattshed.memory.executed import executed_shares, forget_executed
from wattshed.training.batches.drawing import Batches, draw_seed, grouped
from wattshed.training.guards.faulty_batch import not_a_number, say_kept
from wattshed.training.guards.out_of_memory_retry import OutOfMemoryRetry
from wattshed.training.observer import Observer
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec
from wattshed.training.step.learner import Learner
from wattshed.training.training import Training


@dataclass(frozen=True)
class TrainingRun:
    """One training: network, data, meter and saved state.

    observers: called in this order after every epoch; see :class:`Observer`. further: labels of its windows and epochs
    beside model and seed. peak: of its memory, for its windows; None for a recipe without a memory block.
    """

    forecaster: NeuralForecaster
    task: ForecastTask
    batches: Batches
    spec: ModelSpec
    meter: Meter
    resume: ResumeFile
    observers: Sequence[Observer]
    further: Mapping[str, Any] = field(default_factory=dict)
    peak: EpochPeak | None = None

    @property
    def recipe(self) -> RecipeBlock:
        return self.spec.recipe

    @property
    def labels(self) -> dict[str, Any]:
        """Of all windows and epochs of this training."""
        return {"model": self.spec.name, "seed": self.spec.seed, **self.further}

    @property
    def title(self) -> str:
        return f"training {self.spec.name} (seed {self.spec.seed})"

    @property
    def steps(self) -> int:
        """Gradient steps per epoch."""
        return -(-self.batches.steps() // self.recipe.accumulate)


def solve_alone(run: TrainingRun) -> Training:
    """Solve a network of which nothing is trained by gradients, as one metered fit; there are no epochs."""
    check = evenly_spaced(run.task.origins(run.task.splits.validation), run.recipe.validation_windows)
    _fit(run, run.forecaster, check, OutOfMemoryRetry(run.forecaster.series.residence, run.title))
    return Training(ended=True)


def _fit(run: TrainingRun, judged: NeuralForecaster, check: np.ndarray, retry: OutOfMemoryRetry) -> None:
    """Solve, validate outside of the window, and measure repeats of the same solution."""
    solve = partial(run.forecaster.solve, run.task)
    retry.do(solve)
    solved = {"validation_rmse": retry.do(validation_rmse, judged, run.task, check)}
    run.meter.repeat(Window.FIT, solve, solved, warm_up_calls=0, **run.labels)


def train(run: TrainingRun) -> tuple[Training, Learner]:
    """Train until an observer ends it: by the recipe's last epoch, by patience, or by a budget.

    The network is left with its best weights, averaged ones where the recipe averages.

    If the device runs out of memory, the series move to host memory and batches are streamed; the epochs' windows say
    so. Raises :class:`Fault` if that does not help, at the first batch whose loss is not finite (on a GPU some steps
    later), and for a recipe that network or device cannot use; the best weights so far stay in the resume file.
    """
    network, recipe = run.forecaster.network, run.recipe
    series = run.forecaster.series
    plan = run.spec.plan_on(series)
    learner = Learner.make(network, recipe, recipe.epochs * run.steps, series.device, plan)
    training = run.resume.load(learner) or Training()
    # What is validated and kept: the weights, or their moving average.
    judged = run.forecaster.of(learner.average.network)
    check = evenly_spaced(run.task.origins(run.task.splits.validation), recipe.validation_windows)
    retry = OutOfMemoryRetry(run.forecaster.series.residence, run.title)
    # A kernel of this size is compiled at first use, which is not to be measured.
    backend_of(network, run.forecaster.series)
    for observer in run.observers:
        observer.before_training(training)

    if training.epoch == 0 and network.has_closed_form and training.goes_on:
        _fit(run, judged, check, retry)

    while training.goes_on:
        row = train_epoch(run, learner, training.epoch + 1, judged, check, retry)
        training.take(row, judged.network)
        for observer in run.observers:
            observer.after_epoch(training, learner)

    network.load_state_dict(training.best_weights)
    return training, learner


def train_epoch(
    run: TrainingRun,
    learner: Learner,
    number: int,
    judged: NeuralForecaster,
    check: np.ndarray,
    retry: OutOfMemoryRetry,
) -> dict[str, Any]:
    """One epoch (counted from 1) and its validation, under the meter; returns the epoch's row."""
    network, series = run.forecaster.network, run.forecaster.series
    # Dropout draws from the epoch's own seed, so that a resumed run draws the same masks.
    torch.manual_seed(draw_seed(run.spec.seed, number))
    network.train()
    if run.peak is not None:
        run.peak.begin()
    for counted in (network, judged.network):
        forget_executed(counted)
    with run.meter.window(Window.EPOCH, epoch=number, **run.labels) as window:
        train_loss, pairs = descend(run, learner, number, retry)
        looked_from = time.perf_counter()
        error = retry.do(validation_rmse, judged, run.task, check)
        looking_s = time.perf_counter() - looked_from
        if not math.isfinite(error):
            raise Fault(
                f"{run.title}: the validation error is not finite after epoch {number}: expected a number; look for "
                "implausible values in the panel's validation part (quality.parquet), or lower the recipe's "
                f"learning_rate or clip_norm{say_kept(run.resume)}."
            )
        # An averaged network counts its own forecasts.
        shares = {**executed_shares(network), **executed_shares(judged.network)}
        chosen = trained_by(network, series)
        window.labels.update(engine=chosen.name, **retry.labels())
        if chosen.why is not None:
            window.labels.update(engine_reason=chosen.why)
        window.values.update(
            train_loss=train_loss,
            validation_rmse=error,
            samples=pairs,
            looking_s=looking_s,
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            **shares,
        )
        if run.peak is not None:
            window.values.update(run.peak.values())
    learner.schedule.after_epoch(error)
    return {
        **run.labels,
        "epoch": number,
        "steps": run.steps,
        "samples": pairs,
        "train_loss": train_loss,
        "validation_rmse": error,
        "learning_rate": learner.schedule.rate,
        "duration_s": window.duration_s,
        "energy_kwh": window.own.kwh,
        **{key: shares[key] for key in ("executed_share", "executed_share_training") if key in shares},
    }


def descend(run: TrainingRun, learner: Learner, number: int, retry: OutOfMemoryRetry) -> tuple[float, int]:
    """All gradient steps of an epoch; returns the mean loss and the number of pairs."""
    device = run.forecaster.series.device
    look_every = steps_between_looks(device)
    losses = torch.zeros(run.steps, device=device)
    pairs = 0
    for index, group in enumerate(grouped(run.batches.epoch(number), run.recipe.accumulate)):
        losses[index] = retry.do(learner.step, group, (number - 1) * run.steps + index)
        pairs += sum(batch.pairs for batch in group)
        for observer in run.observers:
            observer.after_step(number, index + 1, run.steps)
        if (index + 1) % look_every == 0 or index + 1 == run.steps:
            seen = losses[max(0, index + 1 - look_every) : index + 1]
            if not math.isfinite(float(seen.sum())):
                raise not_a_number(
                    run.title, losses, number, run.task, run.batches, run.recipe.accumulate, run.resume
                )
    return float(losses.double().mean()), pairs


def steps_between_looks(device: torch.device) -> int:
    """Number of steps between checks of the losses: a check makes a GPU wait, but costs nothing on a CPU."""
    return 1 if device.type == "cpu" else 50


def validation_rmse(forecaster: NeuralForecaster, task: ForecastTask, origins: np.ndarray) -> float:
    """RMSE in the panel's unit, from summed squares over observed cells."""
    return rmse(forecaster.forecast(origins), *task.truth(origins))
