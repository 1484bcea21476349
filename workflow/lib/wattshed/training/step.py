"""One gradient step, and the loss that it descends."""

from typing import Literal

import torch
from torch import Tensor, nn

from wattshed.training.batches import Batch


def train_step(
    network: nn.Module,
    batch: Batch,
    optimiser: torch.optim.Optimizer,
    loss_name: Literal["huber", "squared"],
    clip_norm: float,
) -> Tensor:
    """One gradient step; returns the loss over observed cells, detached."""
    optimiser.zero_grad(set_to_none=True)
    loss = batch_loss(network, batch, loss_name)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
    optimiser.step()
    return loss.detach()


def batch_loss(network: nn.Module, batch: Batch, loss_name: Literal["huber", "squared"]) -> Tensor:
    """Mean loss of the network's forecasts of a batch."""
    return observed_loss(network(*batch.inputs), batch.target, batch.observed, loss_name)


def observed_loss(
    forecast: Tensor, target: Tensor, observed: Tensor, name: Literal["huber", "squared"]
) -> Tensor:
    """Mean loss over observed cells; zero where none was observed. Huber's delta is 1."""
    if name == "huber":
        cells = nn.functional.smooth_l1_loss(forecast, target, reduction="none")
    else:
        cells = nn.functional.mse_loss(forecast, target, reduction="none")
    return torch.where(observed, cells, 0).sum() / observed.sum().clamp(min=1)
