"""The training loop, from top to bottom."""

import math
from typing import Any

import numpy as np
import torch

from wattshed.config.training import RecipeBlock
from wattshed.energy.meter import Meter
from wattshed.forecast.metrics import sum_errors
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.training.batches import Batches
from wattshed.training.budget_stop import BudgetStop
from wattshed.training.progress import Progress
from wattshed.training.resume import ResumeFile, Training
from wattshed.training.step import train_step


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

    The network leaves with its best weights.

    Raises :class:`Fault` if the loss is no longer a number; the best weights so far stay in the resume file.
    """
    network = forecaster.network
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=3, min_lr=1e-6)
    training = resume.load(network, optimiser, plateau) or Training()
    check = evenly_spaced(task.origins(task.splits.validation), recipe.validation_windows)
    total_steps = recipe.epochs * batches.steps()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    stopped = budget_stop is not None and budget_stop.begin(
        training, epochs_left(training, recipe), meter, progress
    )

    while epochs_left(training, recipe) and not stopped:
        number = training.epoch + 1
        # Dropout draws from the epoch's own seed, so that a resumed run draws the same masks.
        torch.manual_seed(labels["seed"] * 1_000_003 + number)
        network.train()
        with meter.window("epoch", epoch=number, **labels) as window:
            losses = torch.zeros(batches.steps())
            pairs = 0
            for index, batch in enumerate(batches.epoch(number)):
                if recipe.schedule == "cosine":
                    done = training.epoch * batches.steps() + index
                    optimiser.param_groups[0]["lr"] = cosine_rate(recipe, done, total_steps)
                losses[index] = train_step(network, batch, optimiser, recipe.loss, recipe.clip_norm)
                pairs += batch.pairs
                progress.step(number, index + 1, batches.steps())
            train_loss = float(losses.double().mean())
            if not math.isfinite(train_loss):
                first = int((~torch.isfinite(losses)).nonzero()[0])
                raise Fault(
                    f"training {labels['model']} (seed {labels['seed']}): the loss is not a number at epoch "
                    f"{number}, batch {first + 1}: look for absurd values in the panel (quality.parquet), or lower the "
                    "recipe's learning_rate or clip_norm."
                )
            rmse = validation_rmse(forecaster, task, check)
            window.values.update(
                train_loss=train_loss, validation_rmse=rmse, samples=pairs, parameters=parameters
            )
        if recipe.schedule == "plateau":
            plateau.step(rmse)
        training.epoch = number
        training.epochs_since_best += 1
        if rmse < training.best_rmse:
            training.best_rmse, training.epochs_since_best = rmse, 0
            training.best_weights = {name: value.clone() for name, value in network.state_dict().items()}
        training.epochs.append(
            {
                **labels,
                "epoch": number,
                "steps": batches.steps(),
                "samples": pairs,
                "train_loss": train_loss,
                "validation_rmse": rmse,
                "learning_rate": optimiser.param_groups[0]["lr"],
                "duration_s": window.duration_s,
                "energy_kwh": window.energy.kwh,
            }
        )
        resume.save(network, optimiser, plateau, training)
        progress.epoch(number, recipe.epochs, train_loss, rmse, window.duration_s)
        if budget_stop is not None:
            stopped = budget_stop.stops(training, epochs_left(training, recipe), meter, progress)

    network.load_state_dict(training.best_weights)
    return training


def epochs_left(training: Training, recipe: RecipeBlock) -> int:
    """Epochs that may follow at most; 0 once patience has ended."""
    if training.epochs_since_best >= recipe.patience:
        return 0
    return recipe.epochs - training.epoch


def cosine_rate(recipe: RecipeBlock, step: int, total_steps: int) -> float:
    """Linear warm-up to the recipe's rate, then half a cosine to zero at the last step."""
    if step < recipe.warm_up_steps:
        return recipe.learning_rate * (step + 1) / recipe.warm_up_steps
    done = (step - recipe.warm_up_steps) / max(1, total_steps - recipe.warm_up_steps)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def validation_rmse(forecaster: NeuralForecaster, task: ForecastTask, origins: np.ndarray) -> float:
    """RMSE in the panel's unit, from summed squares over observed cells."""
    sums = sum_errors(forecaster.forecast(origins), *task.truth(origins))
    return float(np.sqrt(sums.squared.sum() / max(sums.cells.sum(), 1)))
