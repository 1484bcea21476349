"""A network's forecasts of a batch, with gradients, for techniques that compare forecasts."""

from torch import Tensor

from wattshed.forecast.network import Network
from wattshed.forecast.series import Sequences
from wattshed.training.batches.drawing import Batch


def forecast_of(network: Network, batch: Batch) -> Tensor:
    """Scaled forecast in the shape of the batch's target, computed by torch."""
    first = batch.inputs[0]
    if isinstance(first, Sequences):
        return network.forward_sequence(first)
    forecast: Tensor = network(*batch.inputs)
    return forecast
