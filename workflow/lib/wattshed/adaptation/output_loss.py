"""How far a network's forecasts are from those of a teacher or of an earlier time."""

import torch
from torch import Tensor

from wattshed.forecast.computing import compute, fused_loss
from wattshed.forecast.network import Network
from wattshed.forecast.series import Pairs
from wattshed.training.batches.drawing import Batch
from wattshed.training.step.gradient import batch_forecast, observed_loss


def output_loss(network: Network, batch: Batch, outputs: Tensor) -> Tensor:
    """Mean squared difference over all cells, observed or not, with gradients; outputs: in the target's shape, scaled.

    From a kernel's pass where there is one, else by torch.
    """
    every = torch.ones_like(batch.observed)
    first = batch.inputs[0]
    if isinstance(first, Pairs):
        loss = fused_loss(network, first, outputs, every, "squared")
        if loss is not None:
            return loss
    return observed_loss(batch_forecast(network, batch), outputs, every, "squared")


@torch.no_grad()
def outputs_of(network: Network, batch: Batch) -> Tensor:
    """Scaled forecasts without gradients, in the target's shape, by the back end that :func:`output_loss` has."""
    first = batch.inputs[0]
    return compute(network, first) if isinstance(first, Pairs) else batch_forecast(network, batch)
