"""Observers of a training, called after each epoch: stopping, saving, progress, the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattshed.training.step.learner import Learner
    from wattshed.training.training import Training


class Observer:
    """Called by the training loop; these methods do nothing by default. Observers are called in their order.

    An observer ends a training by setting ``training.epochs_left`` to 0 or ``training.stopped`` to a reason.
    """

    def before_training(self, training: Training) -> None:
        """Once per attempt, before its first epoch; ``training`` holds the state after earlier attempts."""

    def after_step(self, epoch: int, done: int, steps: int) -> None:
        """After each step of an epoch; ``done`` of ``steps`` steps are done."""

    def after_epoch(self, training: Training, learner: Learner) -> None:
        """After each epoch, whose row is the last of ``training.epochs``."""
