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
    """squares: mean over cells of the squared gradient, one tensor per parameter; loss: mean over the same cells."""

    squares: list[Tensor]
    loss: float


def fisher(network: Network, sampler: Sampler, examples: Examples, loss_name: LossName) -> Fisher:
    """From the gradient of each example alone, the network in evaluation mode.

    An example has n observed cells and one gradient g of their mean loss. Where the errors of its cells are
    independent, the expected square of their sum's gradient, (n g)^2, is the sum of the cells' own squares. So squares
    is the sum over examples of (n g)^2, over all cells, and does not depend on how many cells an example has. Where
    errors are correlated it is larger than the mean over cells. The square of a batch's mean gradient would be too
    small by up to the size of the batch. Examples without an observed cell are left out; zeros if none is left.
    """
    network.eval()
    weights = list(network.parameters())
    squares = [torch.zeros_like(weight) for weight in weights]
    total, count = 0.0, 0
    for place in range(len(examples)):
        batch = sampler.batch(examples[torch.tensor([place])])
        cells = int(batch.observed.sum())
        if cells == 0:
            continue
        loss = batch_loss(network, batch, loss_name)
        _add_squares(squares, torch.autograd.grad(loss, weights, allow_unused=True), cells)
        total += cells * float(loss.detach())
        count += cells
    for square in squares:
        square /= max(1, count)
    return Fisher(squares, total / max(1, count))


def _add_squares(squares: Sequence[Tensor], gradients: Sequence[Tensor | None], cells: int) -> None:
    """Add the squared gradients of an example's sum over its cells; gradients: of the mean over them."""
    for square, gradient in zip(squares, gradients, strict=True):
        if gradient is not None:
            square += (cells * gradient.detach()).square()
