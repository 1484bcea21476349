"""The state that a training changes: weights, optimiser, schedule, averages."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.network import Network
from wattshed.memory.plan import PLAIN, MemoryPlan
from wattshed.training.batches.drawing import Batch
from wattshed.training.step.averaging import WeightAverage
from wattshed.training.step.gradient import StepHooks, gradient_step
from wattshed.training.step.optimiser import make_optimiser
from wattshed.training.step.precision import Precision
from wattshed.training.step.schedules import Schedule


@dataclass(frozen=True)
class Learner:
    """A network with the optimiser, schedule, precision and averaging of its recipe, and its memory plan."""

    network: Network
    recipe: RecipeBlock
    optimiser: torch.optim.AdamW
    schedule: Schedule
    precision: Precision
    average: WeightAverage
    plan: MemoryPlan = PLAIN

    @classmethod
    def make(
        cls,
        network: Network,
        recipe: RecipeBlock,
        total_steps: int,
        device: torch.device,
        plan: MemoryPlan = PLAIN,
    ) -> "Learner":
        """plan: which is applied to the network already.

        Raises :class:`Fault` for a precision that the device lacks, or a layer that the network lacks.
        """
        precision = Precision.of(plan.precision or recipe.precision, device)
        optimiser = make_optimiser(network, recipe)
        schedule = Schedule(recipe, optimiser, total_steps)
        average = WeightAverage(network, recipe.ema_decay)
        return cls(network, recipe, optimiser, schedule, precision, average, plan)

    def step(self, batches: Sequence[Batch], number: int, hooks: StepHooks | None = None) -> Tensor:
        """Update the weights once. number: of earlier updates. Returns the loss before the step, with the hooks'
        penalty."""
        self.schedule.before_step(number)
        loss = gradient_step(
            self.network,
            batches,
            self.optimiser,
            self.recipe.loss,
            self.recipe.clip_norm,
            self.precision,
            hooks,
            self.plan,
        )
        self.average.update()
        return loss
