"""Training a student on its teacher's forecasts and hidden states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wattshed.compression.methods.making import Making
from wattshed.compression.methods.teacher_forecasts import TeacherForecasts
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.computing import fused_loss
from wattshed.forecast.network import Network
from wattshed.forecast.series import Pairs, Sequences
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch
from wattshed.training.by_recipe import RecipeTraining
from wattshed.training.step.gradient import batch_forecast, observed_loss

# The student's attribute that holds the map of its hidden state while it learns.
PROJECTION = "hidden_projection"


@dataclass(frozen=True)
class Weights:
    """Of the loss against the teacher's forecasts (that against true values has the rest), and of hidden states."""

    output: float
    hidden: float


def distil(making: Making, student: Network, weights: Weights) -> RecipeTraining:
    """Train the student in place, from its present weights, by the recipe of ``making.spec``.

    The teacher is the network of ``making``. Raises :class:`Fault` where hidden states are to be matched and one of the
    two networks has none.
    """
    forecasts = TeacherForecasts(making.forecaster, making.part.origins) if weights.output else None
    if not weights.hidden:
        return making.train_again(student, DistilHooks(making.spec.recipe, student, weights, forecasts))
    teacher = making.network
    for who, network in (("teacher", teacher), ("student", student)):
        if not network.state_units():
            raise Fault(
                f"the {who} of {making.spec.lineage}, a {type(network).__name__}, has no hidden state to match: "
                "expected networks of the families stgnn, gru and lstm; set hidden_weight to 0."
            )
    with _projection(student, teacher.state_units(), making.spec.seed):
        hooks = DistilHooks(making.spec.recipe, student, weights, forecasts, teacher.eval())
        return making.train_again(student, hooks)


class DistilHooks:
    """The whole loss of a student's step, in the place of the batch's own."""

    loss_weight = 0.0

    def __init__(
        self,
        recipe: RecipeBlock,
        student: Network,
        weights: Weights,
        forecasts: TeacherForecasts | None,
        teacher: Network | None = None,
    ) -> None:
        """forecasts: None if no weight is on them. teacher: None if hidden states are not matched."""
        self._loss = recipe.loss
        self._student = student
        self._weights = weights
        self._forecasts = forecasts
        self._teacher = teacher

    # No gradient is changed.
    projects = False

    def penalty(self, batch: Batch) -> Tensor:
        loss = self._output_loss(batch)
        if self._teacher is not None:
            loss = loss + self._weights.hidden * self._hidden_loss(batch, self._teacher)
        return loss

    def project(self, gradients: list[Tensor]) -> None:
        """Nothing is projected."""

    def _output_loss(self, batch: Batch) -> Tensor:
        """Both losses on forecasts: from a kernel's passes where there is one, else from one forecast of torch."""
        parts = [(1 - self._weights.output, batch.target, batch.observed)]
        if self._forecasts is not None:
            # A teacher forecasts hours too that were not observed.
            taught = self._forecasts.of(batch)
            parts.append((self._weights.output, taught, torch.ones_like(batch.observed)))
        parts = [part for part in parts if part[0]]
        first = batch.inputs[0]
        if isinstance(first, Pairs):
            fused = [
                (weight, fused_loss(self._student, first, target, observed, self._loss))
                for weight, target, observed in parts
            ]
            known = [weight * loss for weight, loss in fused if loss is not None]
            if len(known) == len(parts):
                return torch.stack(known).sum()
        forecast = batch_forecast(self._student, batch)
        losses = [
            weight * observed_loss(forecast, target, observed, self._loss)
            for weight, target, observed in parts
        ]
        return torch.stack(losses).sum()

    def _hidden_loss(self, batch: Batch, teacher: Network) -> Tensor:
        with torch.no_grad(), torch.autocast(batch.target.device.type, enabled=False):
            wanted = state_after(teacher, batch)
        projection: nn.Linear = getattr(self._student, PROJECTION)
        return nn.functional.mse_loss(projection(state_after(self._student, batch)).to(wanted.dtype), wanted)


def state_after(network: Network, batch: Batch) -> Tensor:
    """The hidden states [M, units] after the look-backs, or after the whole sequences, of a batch of pairs or
    sequences."""
    first = batch.inputs[0]
    if isinstance(first, Pairs):
        starts, length_steps = first.origins - first.series.look_back_steps, first.series.look_back_steps
    else:
        assert isinstance(first, Sequences)
        starts, length_steps = first.starts, first.length_steps
    hours = Sequences(first.series, first.nodes, starts, length_steps, length_steps - 1)
    nothing = torch.zeros(len(starts), network.state_units(), device=batch.target.device)
    return network.advance(hours, nothing)[1]


@contextmanager
def _projection(student: Network, units: int, seed: int) -> Iterator[None]:
    """A linear map of the student's state that is trained with it, and is gone afterwards."""
    torch.manual_seed(seed)
    device = next(student.parameters()).device
    setattr(student, PROJECTION, nn.Linear(student.state_units(), units).to(device))
    try:
        yield
    finally:
        delattr(student, PROJECTION)
