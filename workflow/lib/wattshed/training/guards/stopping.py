"""Ends a training by its recipe: at the last epoch, or by early stopping."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshed.training.observer import Observer

if TYPE_CHECKING:
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.training.step.learner import Learner
    from wattshed.training.training import Training


@dataclass(frozen=True)
class Standing:
    """The error that last counted as progress, and the number of counted epochs without progress since."""

    least_error: float = math.inf
    idle_epochs: int = 0


@dataclass(frozen=True)
class EarlyStopping:
    """Ends a training after ``patience`` epochs without progress.

    min_delta: share of the last progress's error by which a new error must be less. Small steps add up, because they
    are measured from that error. warm_up_epochs: first epochs that never count as idle; their errors count.
    """

    patience: int
    min_delta: float = 0.0
    warm_up_epochs: int = 0

    def after(self, standing: Standing, epoch: int, error: float) -> Standing:
        """The state after an epoch (counted from 1) with its validation error."""
        if error < standing.least_error * (1 - self.min_delta):
            return Standing(error)
        idle = standing.idle_epochs + (epoch > self.warm_up_epochs)
        return Standing(standing.least_error, idle)

    def ends(self, standing: Standing) -> bool:
        return standing.idle_epochs >= self.patience


class RecipeEnd(Observer):
    """Counts the epochs that the recipe still allows; 0 once patience has ended."""

    def __init__(self, recipe: RecipeBlock) -> None:
        self._epochs = recipe.epochs
        self._patience = EarlyStopping(recipe.patience, recipe.min_delta, recipe.patience_warm_up_epochs)

    def before_training(self, training: Training) -> None:
        self._count(training)

    def after_epoch(self, training: Training, learner: Learner) -> None:
        error = training.epochs[-1]["validation_rmse"]
        training.standing = self._patience.after(training.standing, training.epoch, error)
        self._count(training)

    def _count(self, training: Training) -> None:
        ended = self._patience.ends(training.standing)
        training.epochs_left = 0 if ended else self._epochs - training.epoch
