"""Training on top of a checkpoint: adapting, fine-tuning, distilling. One loop, with hooks for techniques."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch, RandomBatches, Sampler, draw_seed, examples_for
from wattshed.training.batches.making import make_sampler
from wattshed.training.spec import ModelSpec
from wattshed.training.step.eager_adamw import EagerAdamW
from wattshed.training.step.gradient import gradient_step
from wattshed.training.step.precision import Precision


@dataclass(frozen=True)
class Part:
    """A part of the panel to learn from.

    origins: int64 [B], first target steps of its windows; number: together with the seed it decides all random draws.
    """

    name: str
    origins: np.ndarray
    number: int


@dataclass(frozen=True)
class Pace:
    """Number and size of the steps on one part.

    batch: (node, window) pairs per step; weight_decay: None for the recipe's; epochs: passes over the part's pairs, in
    place of ``steps``.
    """

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class UpdateContext:
    """The forecaster to update, in place, and all that its updates need.

    spec: of the checkpoint that is updated; loss and clipping are those of its recipe; untrained: makes the network as
    it was before the base training, None where no technique may ask for it.
    """

    forecaster: NeuralForecaster
    task: ForecastTask
    spec: ModelSpec
    pace: Pace
    untrained: Callable[[], Network] | None = None

    @property
    def network(self) -> Network:
        return self.forecaster.network

    @cached_property
    def sampler(self) -> Sampler:
        """The sampler of the checkpoint's recipe."""
        return make_sampler(self.spec.recipe, self.task, self.forecaster.series)

    @property
    def examples(self) -> int:
        """Examples per step: as many as hold the pace's pairs."""
        return examples_for(self.sampler, self.pace.batch)

    @property
    def weight_decay(self) -> float:
        return self.spec.recipe.weight_decay if self.pace.weight_decay is None else self.pace.weight_decay

    def steps_over(self, pairs: int) -> int:
        """Gradient steps on a part of so many (node, window) pairs."""
        if self.pace.epochs is None:
            return self.pace.steps
        return max(1, math.ceil(self.pace.epochs * pairs / (self.examples * self.sampler.pairs_each)))


class UpdateHooks:
    """What a technique changes in updates. By default nothing: batches are random examples of the part.

    A technique is a subclass; it keeps its own state from part to part. Names of methods that are not hooks begin with
    an underscore, so that a misspelt hook is found: it raises :class:`Fault` when the class is made.
    """

    def __init_subclass__(cls) -> None:
        for name, value in vars(cls).items():
            if callable(value) and not name.startswith("_") and not hasattr(UpdateHooks, name):
                raise Fault(
                    f"{cls.__module__}: the method {name} of {cls.__name__} is not a hook and would never be called: "
                    f"expected some of {', '.join(HOOKS)}; correct the name, or begin it with an underscore if it is "
                    "your own."
                )

    def __init__(self, context: UpdateContext) -> None:
        self.context = context

    @property
    def projects(self) -> bool:
        """Whether gradients are changed before they are clipped; a memory plan then keeps all of them until then."""
        return type(self).project is not UpdateHooks.project

    def skips(self, part: Part) -> bool:
        """Whether nothing is learned from this part."""
        return False

    def before(self, part: Part) -> None:
        """Called before the part's first step."""

    def batches(self, part: Part) -> Iterator[Batch]:
        """The batches to train on, one per step."""
        context = self.context
        drawn = RandomBatches(
            context.sampler, part.origins, context.spec.seed, context.examples, self.steps_on(part)
        )
        return drawn.epoch(part.number)

    def penalty(self, batch: Batch) -> Tensor | None:
        """A scalar that is added to the batch's loss; None adds nothing."""
        return None

    def project(self, gradients: list[Tensor]) -> None:
        """Change the gradients in place, before they are clipped; those of the parameters that have one, in order."""

    def after(self, part: Part) -> None:
        """Called after the part's last step. It may change weights in place, under ``torch.no_grad()``."""

    def solve(self, part: Part) -> float | None:
        """Learn the part in closed form and return the mean squared error on it; None: gradient steps follow."""
        return None

    def steps_on(self, part: Part) -> int:
        """Gradient steps on a part; 0 for hooks that solve it."""
        context = self.context
        return context.steps_over(context.sampler.pairs(torch.from_numpy(part.origins)))

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, counted from 0, of all steps on a part."""
        return self.context.pace.learning_rate


HOOKS = tuple(
    name for name, value in vars(UpdateHooks).items() if callable(value) and not name.startswith("_")
)


def train_further(hooks: UpdateHooks, part: Part) -> float:
    """Train the context's network on a part, in place; returns the mean loss over all steps.

    Hooks that solve the part in closed form take no steps; their error is returned. The optimiser starts without state
    from earlier parts. Raises :class:`Fault` if the loss, or a weight afterwards, is not finite.
    """
    context = hooks.context
    network, recipe, seed = context.network, context.spec.recipe, context.spec.seed
    where = f"updating {context.spec.lineage} (seed {seed}) on {part.name}"
    solved = hooks.solve(part)
    if solved is not None:
        if not np.isfinite(solved):
            raise Fault(
                f"{where}: the error is not finite after solving: expected a number; look for implausible values in "
                "the panel (quality.parquet)."
            )
        return solved
    optimiser = EagerAdamW(
        network.parameters(), lr=context.pace.learning_rate, weight_decay=context.weight_decay
    )
    hooks.before(part)
    # For networks with dropout: the draws must not depend on earlier work.
    torch.manual_seed(draw_seed(seed, part.number))
    network.train()
    losses = []
    plan = context.spec.plan_on(context.forecaster.series)
    steps = hooks.steps_on(part)
    for step, batch in enumerate(hooks.batches(part)):
        for group in optimiser.param_groups:
            group["lr"] = hooks.rate(step, steps)
        losses.append(
            gradient_step(
                network, [batch], optimiser, recipe.loss, recipe.clip_norm, Precision(), hooks, plan
            )
        )
    loss = torch.stack(losses)
    if not bool(loss.isfinite().all()):
        step = int((~loss.isfinite()).nonzero()[0]) + 1
        raise Fault(
            f"{where}: the loss is not finite at step {step}: "
            "expected a number; look for implausible values in the panel (quality.parquet), or lower the update's "
            "learning_rate or the recipe's clip_norm."
        )
    _check_weights(network, where, "after the last step: expected numbers; lower the update's learning_rate")
    hooks.after(part)
    _check_weights(network, where, f"after the hook 'after' of {type(hooks).__qualname__}: correct the hook")
    return float(loss.mean())


def _check_weights(network: Network, where: str, what: str) -> None:
    if not all(bool(weight.isfinite().all()) for weight in network.parameters()):
        raise Fault(f"{where}: a weight is not finite {what}.")
