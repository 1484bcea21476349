"""One gradient step, and the loss that it descends."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from wattshed.forecast.computing import fused_loss
from wattshed.forecast.series import Pairs, Sequences
from wattshed.training.batches.drawing import Batch
from wattshed.training.step.precision import Precision


def train_step(
    network: nn.Module,
    batch: Batch,
    optimiser: torch.optim.Optimizer,
    loss_name: Literal["huber", "squared"],
    clip_norm: float,
) -> Tensor:
    """One gradient step in fp32; returns the loss over observed cells, detached."""
    return gradient_step(network, [batch], optimiser, loss_name, clip_norm, Precision())


def gradient_step(
    network: nn.Module,
    batches: Sequence[Batch],
    optimiser: torch.optim.Optimizer,
    loss_name: Literal["huber", "squared"],
    clip_norm: float,
    precision: Precision,
) -> Tensor:
    """One step down the mean loss over all observed cells of the batches, whose graphs never exist at once.

    Returns that loss, detached, before the step; NaN where the gradient is no number, for then the weights are none.
    """
    optimiser.zero_grad(set_to_none=True)
    losses = []
    for batch, share in zip(batches, observed_shares(batches), strict=True):
        with precision.autocast():
            loss = batch_loss(network, batch, loss_name)
        if share is not None:
            loss = loss * share
        precision.backward(loss)
        losses.append(loss.detach())
    total = losses[0] if len(losses) == 1 else torch.stack(losses).sum()
    precision.unscale(optimiser)
    norm = nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
    precision.step(optimiser)
    if precision.scaler is None:
        # Nothing is added to a loss whose gradient is a number.
        total = total + 0 * norm
    return total


def observed_shares(batches: Sequence[Batch]) -> Sequence[Tensor | None]:
    """Each batch's share of the observed cells of all; None for a single one, which has them all."""
    if len(batches) == 1:
        return [None]
    cells = torch.stack([batch.observed.sum() for batch in batches])
    return (cells / cells.sum().clamp(min=1)).unbind()


def batch_loss(network: nn.Module, batch: Batch, loss_name: Literal["huber", "squared"]) -> Tensor:
    """Mean loss of the network's forecasts of a batch, by the back end that its series allow."""
    first = batch.inputs[0]
    if isinstance(first, Pairs):
        loss = fused_loss(network, first, batch.target, batch.observed, loss_name)
        if loss is not None:
            return loss
    if isinstance(first, Sequences):
        forecast = network.forward_sequence(first)  # type: ignore[operator]
        return observed_loss(forecast, batch.target, batch.observed, loss_name)
    return observed_loss(network(*batch.inputs), batch.target, batch.observed, loss_name)


def observed_loss(
    forecast: Tensor, target: Tensor, observed: Tensor, name: Literal["huber", "squared"]
) -> Tensor:
    """Mean loss over observed cells, in the target's precision; zero where none was observed. Huber's delta is 1."""
    if name == "huber":
        cells = nn.functional.smooth_l1_loss(forecast.to(target.dtype), target, reduction="none")
    else:
        cells = nn.functional.mse_loss(forecast.to(target.dtype), target, reduction="none")
    return torch.where(observed, cells, 0).sum() / observed.sum().clamp(min=1)
