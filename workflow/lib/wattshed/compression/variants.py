"""From a trained network and a variant's block to the compressed network."""

import torch
from torch import nn

from wattshed.compression.methods.int8 import quantise
from wattshed.compression.methods.low_rank import low_rank
from wattshed.compression.methods.pruning import most_important, remove_units
from wattshed.config.models.compression import CompressionBlock, Variant
from wattshed.forecast.families.networks import STGNN, Residual
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.batches.drawing import PairBatches
from wattshed.training.checkpoint import ModelSpec
from wattshed.training.step.gradient import train_step


def compress(network: STGNN | Residual, variant: Variant) -> nn.Module:
    """The variant of a trained network; the network itself is left as it is. A linear part is kept whole.

    Raises :class:`wattshed.compression.methods.int8.NotAvailable` where a method cannot run here.
    """
    if isinstance(network, Residual):
        return Residual(network.linear, compress(network.network, variant))  # type: ignore[arg-type]
    device = next(network.parameters()).device
    if variant.method == "prune":
        return remove_units(network, most_important(network, variant.keep_share)).to(device)
    if variant.method == "low_rank":
        return low_rank(network, variant.rank).to(device)
    return quantise(network)


def fine_tune(
    forecaster: NeuralForecaster, task: ForecastTask, made_by: ModelSpec, block: CompressionBlock, steps: int
) -> None:
    """Train a compressed network on the training part, in place, with the base training's loss."""
    network = forecaster.network
    batches = PairBatches(
        forecaster.series,
        task.panel.observed,
        task.origins(task.splits.train),
        task.windows.horizon_h,
        made_by.seed,
        block.batch,
        steps,
    )
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=block.learning_rate, weight_decay=made_by.recipe.weight_decay
    )
    network.train()
    for batch in batches.epoch(0):
        train_step(network, batch, optimiser, made_by.recipe.loss, made_by.recipe.clip_norm)
