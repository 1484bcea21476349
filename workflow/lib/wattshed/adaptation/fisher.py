"""How much each weight matters for the forecasts of some examples: the diagonal of the empirical Fisher matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wattshed.forecast.network import LossName, Network
from wattshed.training.batches.drawing import Examples, Sampler
from wattshed.training.step.gradient import batch_loss


@dataclass(frozen=True)
class Fisher:
    """squares: mean over examples of the squared gradient, one tensor per parameter; loss: mean over examples."""

    squares: list[Tensor]
    loss: float


def fisher(network: Network, sampler: Sampler, examples: Examples, loss_name: LossName) -> Fisher:
    """From the gradient of each example alone, the network in evaluation mode.

    The square of a batch's mean gradient would be too small by up to the size of the batch. Examples without an
    observed cell are left out; zeros if none is left.
    """
    network.eval()
    weights = list(network.parameters())
    squares = [torch.zeros_like(weight) for weight in weights]
    total, count = 0.0, 0
    for place in range(len(examples)):
        batch = sampler.batch(examples[torch.tensor([place])])
        if not bool(batch.observed.any()):
            continue
        loss = batch_loss(network, batch, loss_name)
        _add_squares(squares, torch.autograd.grad(loss, weights, allow_unused=True))
        total += float(loss.detach())
        count += 1
    for square in squares:
        square /= max(1, count)
    return Fisher(squares, total / max(1, count))


def _add_squares(squares: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    for square, gradient in zip(squares, gradients, strict=True):
        if gradient is not None:
            square += gradient.detach().square()
