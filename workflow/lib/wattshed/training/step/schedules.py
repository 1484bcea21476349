"""Learning-rate schedules: a cosine over the steps, or cuts after epochs without progress."""

import math
from typing import Any

import torch

from wattshed.config.models.recipes import RecipeBlock
from wattshed.training.step.optimiser import set_rate


class Schedule:
    """Sets the optimiser's rates; ``total_steps`` is the largest number of updates."""

    def __init__(self, recipe: RecipeBlock, optimiser: torch.optim.Optimizer, total_steps: int) -> None:
        self._recipe = recipe
        self._optimiser = optimiser
        self._total_steps = total_steps
        self._plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser,
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience,
            min_lr=[recipe.minimum_rate * group["factor"] for group in optimiser.param_groups],
        )

    @property
    def rate(self) -> float:
        """The present rate of layers whose factor is 1."""
        return self._optimiser.param_groups[0]["lr"]

    def before_step(self, step: int) -> None:
        """step: number of updates so far."""
        if self._recipe.schedule == "cosine":
            set_rate(self._optimiser, cosine_rate(self._recipe, step, self._total_steps))

    def after_epoch(self, validation_rmse: float) -> None:
        if self._recipe.schedule == "plateau":
            self._plateau.step(validation_rmse)

    def state_dict(self) -> dict[str, Any]:
        return self._plateau.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._plateau.load_state_dict(state)


def cosine_rate(recipe: RecipeBlock, step: int, total_steps: int) -> float:
    """Linear warm-up to the recipe's rate, then half a cosine to zero at the last step (Loshchilov and Hutter 2017)."""
    if step < recipe.warm_up_steps:
        return recipe.learning_rate * (step + 1) / recipe.warm_up_steps
    done = (step - recipe.warm_up_steps) / max(1, total_steps - recipe.warm_up_steps)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
