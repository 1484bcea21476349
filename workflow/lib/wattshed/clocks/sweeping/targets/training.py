"""A checkpoint's training: gradient steps by its own recipe on the training windows, or its closed form solved again.

The weights change while the sweep runs, in memory only: they are thrown away with it.
"""

import json
import math
from collections.abc import Iterator, Sequence

import torch

from wattshed.clocks.sweeping.targets.target import Target
from wattshed.config.offers import TRAINED_FURTHER, offers_after
from wattshed.devices.torch_device import synchroniser
from wattshed.engine.choice import Chosen
from wattshed.forecast.computing import trained_by
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch, draw_seed, grouped
from wattshed.training.batches.making import make_batches
from wattshed.training.spec import ModelSpec
from wattshed.training.step.learner import Learner

# So many that a look at the loss, which waits for the device, costs little beside them.
STEPS_PER_CALL = 10


def training_target(forecaster: NeuralForecaster, spec: ModelSpec, task: ForecastTask) -> Target:
    """:data:`STEPS_PER_CALL` gradient steps in each call, with batches, loss, optimiser and schedule of the spec's
    recipe, from the checkpoint's weights on; of a network that is solved in closed form, one solution.

    Raises :class:`Fault` for a checkpoint that cannot be trained.
    """
    name = f"{spec.lineage} training"
    if next(forecaster.network.parameters(), None) is None and forecaster.network.has_closed_form:
        return Target(name, "training", {"solved": True}, _Solving(forecaster, task))
    if (reason := why_untrainable(spec)) is not None:
        raise Fault(
            f"{spec.lineage} cannot be trained ({reason}): expected a checkpoint that can, for a sweep of its "
            "training; leave training out of clocks.works."
        )
    return Target(name, "training", {"steps_per_call": STEPS_PER_CALL}, _Steps(forecaster, spec, task))


def why_untrainable(spec: ModelSpec) -> str | None:
    """Why no gradient step can be done on a checkpoint, in words; None where one can."""
    methods = []
    for step in spec.steps:
        if step.kind == "method":
            method = plugins.load("method", step.plugin)
            methods.append(
                (step.name, method, method.Settings.model_validate_json(json.dumps(step.settings)))
            )
    offers, taken = offers_after(spec.model, methods)
    if TRAINED_FURTHER in offers:
        return None
    by = taken.get(TRAINED_FURTHER)
    return f"the family {spec.model.form} cannot be trained further" if by is None else f"after {by!r}"


class _Solving:
    def __init__(self, forecaster: NeuralForecaster, task: ForecastTask) -> None:
        self._forecaster, self._task = forecaster, task
        self._done = synchroniser(forecaster.series.device)

    def __call__(self) -> None:
        self._forecaster.solve(self._task)
        self._done()


class _Steps:
    """Gradient steps, epoch after epoch; after the recipe's last one its schedule begins again."""

    def __init__(self, forecaster: NeuralForecaster, spec: ModelSpec, task: ForecastTask) -> None:
        self._network, self._spec = forecaster.network, spec
        self._batches = make_batches(spec, task, forecaster)
        per_epoch = -(-self._batches.steps() // spec.recipe.accumulate)
        self._total = spec.recipe.epochs * per_epoch
        series = forecaster.series
        plan = spec.plan_on(series)
        self._learner = Learner.make(self._network, spec.recipe, self._total, series.device, plan)
        self._groups = self._endless()
        self._number = 0
        # A kernel of this size is compiled at first use, which does not belong to a training.
        self.engine: Chosen = trained_by(self._network, forecaster.series)

    def __call__(self) -> None:
        # An inference in between would leave the network in evaluation mode.
        self._network.train()
        losses = [self._step(next(self._groups)) for _ in range(STEPS_PER_CALL)]
        if not math.isfinite(float(torch.stack(losses).sum())):
            raise Fault(
                f"training {self._spec.lineage}: the loss is not finite after {self._number} steps: expected a number; "
                "lower the recipe's learning_rate or clip_norm, or leave training out of clocks.works."
            )

    def _step(self, group: Sequence[Batch]) -> torch.Tensor:
        loss = self._learner.step(group, self._number % self._total)
        self._number += 1
        return loss

    def _endless(self) -> Iterator[Sequence[Batch]]:
        number = 0
        while True:
            number += 1
            # Dropout draws from the epoch's own seed, as in a training.
            torch.manual_seed(draw_seed(self._spec.seed, number))
            yield from grouped(self._batches.epoch(number), self._spec.recipe.accumulate)
