"""The training loop, from top to bottom."""

import math
from functools import partial
from typing import Any

import numpy as np
import torch

from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.meter import Meter
from wattshed.forecast.computing import backend_of
from wattshed.forecast.metrics import rmse
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batches, grouped
from wattshed.training.guards.budget_stop import BudgetStop
from wattshed.training.guards.faulty_batch import not_a_number, say_kept
from wattshed.training.guards.out_of_memory_retry import OutOfMemoryRetry
from wattshed.training.guards.stopping import EarlyStopping
from wattshed.training.progress import Progress
from wattshed.training.resume import ResumeFile, Training
from wattshed.training.step.learner import Learner


def train(
    forecaster: NeuralForecaster,
    task: ForecastTask,
    batches: Batches,
    recipe: RecipeBlock,
    meter: Meter,
    labels: dict[str, Any],
    resume: ResumeFile,
    progress: Progress,
    budget_stop: BudgetStop | None = None,
) -> Training:
    """Train until the recipe's last epoch, until patience ends or until the budget does not allow another epoch.

    The network leaves with its best weights, averaged ones where the recipe averages.

    Where the device runs out of memory, its series leave it and batches are streamed; the epochs' windows say so.
    Raises :class:`Fault` if that does not help, at the first batch whose loss is no number (on a GPU some steps later),
    and for a recipe that does not fit network or device; the best weights so far stay in the resume file.
    """
    device = forecaster.series.device
    steps = -(-batches.steps() // recipe.accumulate)
    learner = Learner.make(forecaster.network, recipe, recipe.epochs * steps, device)
    stopping = early_stopping(recipe)
    training = resume.load(learner) or Training()
    # What is validated and kept: the weights, or their moving average.
    judged = forecaster.of(learner.average.network)
    check = evenly_spaced(task.origins(task.splits.validation), recipe.validation_windows)
    parameters = sum(parameter.numel() for parameter in forecaster.network.parameters())
    room = OutOfMemoryRetry(
        forecaster.series.residence, f"training {labels['model']} (seed {labels['seed']})"
    )
    look_every = steps_between_looks(device)
    stopped = budget_stop is not None and budget_stop.begin(
        training, epochs_left(training, recipe), meter, progress
    )

    if training.epoch == 0 and forecaster.has_linear_part and not stopped:
        solve = partial(forecaster.solve, task)
        room.do(solve)
        judged_linear = {"validation_rmse": room.do(validation_rmse, judged, task, check)}
        meter.repeat("fit", solve, judged_linear, warm_up_calls=0, **labels)

    while epochs_left(training, recipe) and not stopped:
        number = training.epoch + 1
        # Dropout draws from the epoch's own seed, so that a resumed run draws the same masks.
        torch.manual_seed(labels["seed"] * 1_000_003 + number)
        forecaster.network.train()
        with meter.window("epoch", epoch=number, **labels) as window:
            losses = torch.zeros(steps, device=device)
            pairs = 0
            for index, group in enumerate(grouped(batches.epoch(number), recipe.accumulate)):
                losses[index] = room.do(learner.step, group, training.epoch * steps + index)
                pairs += sum(batch.pairs for batch in group)
                progress.step(number, index + 1, steps)
                if (index + 1) % look_every == 0 or index + 1 == steps:
                    seen = losses[max(0, index + 1 - look_every) : index + 1]
                    if not math.isfinite(float(seen.sum())):
                        raise not_a_number(losses, number, task, batches, recipe.accumulate, labels, resume)
            train_loss = float(losses.double().mean())
            error = room.do(validation_rmse, judged, task, check)
            if not math.isfinite(error):
                raise Fault(
                    f"training {labels['model']} (seed {labels['seed']}): the validation error is not a number after "
                    f"epoch {number}: look for absurd values in the panel's validation part (quality.parquet), or "
                    f"lower the recipe's learning_rate or clip_norm{say_kept(resume)}."
                )
            window.labels.update(
                engine=backend_of(forecaster.network, forecaster.series).name, **room.labels()
            )
            window.values.update(
                train_loss=train_loss, validation_rmse=error, samples=pairs, parameters=parameters
            )
        learner.schedule.after_epoch(error)
        training.epoch = number
        training.standing = stopping.after(training.standing, number, error)
        if error < training.best_rmse:
            training.best_rmse = error
            training.best_weights = {
                name: value.clone() for name, value in judged.network.state_dict().items()
            }
        training.epochs.append(
            {
                **labels,
                "epoch": number,
                "steps": steps,
                "samples": pairs,
                "train_loss": train_loss,
                "validation_rmse": error,
                "learning_rate": learner.schedule.rate,
                "duration_s": window.duration_s,
                "energy_kwh": window.energy.kwh,
            }
        )
        resume.save(learner, training)
        progress.epoch(number, recipe.epochs, train_loss, error, window.duration_s)
        if budget_stop is not None:
            stopped = budget_stop.stops(training, epochs_left(training, recipe), meter, progress)

    forecaster.network.load_state_dict(training.best_weights)
    return training


def steps_between_looks(device: torch.device) -> int:
    """After how many steps the losses are looked at: that makes a GPU wait, and costs nothing on a CPU."""
    return 1 if device.type == "cpu" else 50


def early_stopping(recipe: RecipeBlock) -> EarlyStopping:
    return EarlyStopping(recipe.patience, recipe.min_delta, recipe.patience_warm_up_epochs)


def epochs_left(training: Training, recipe: RecipeBlock) -> int:
    """Epochs that may follow at most; 0 once patience has ended."""
    if early_stopping(recipe).ends(training.standing):
        return 0
    return recipe.epochs - training.epoch


def validation_rmse(forecaster: NeuralForecaster, task: ForecastTask, origins: np.ndarray) -> float:
    """RMSE in the panel's unit, from summed squares over observed cells."""
    return rmse(forecaster.forecast(origins), *task.truth(origins))
