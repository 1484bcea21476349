"""Computes a network's forecasts and loss with a kernel where there is one, else with torch."""

import torch
from torch import Tensor

from wattshed.engine.choice import Chosen, choose
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.recurrent import RecurrentWeights
from wattshed.forecast.network import LossName, Network
from wattshed.forecast.series import Pairs, ScaledSeries


def backend_of(network: Network, series: ScaledSeries) -> Chosen:
    """What computes this network on these series, and why."""
    return _choice(network, series)[0]


def compute(network: Network, pairs: Pairs) -> Tensor:
    """Scaled forecasts [M, H]; without gradients if a kernel computes them."""
    chosen, weights = _choice(network, pairs.series)
    kernel = chosen.kernel
    if kernel is None or weights is None or torch.is_grad_enabled():
        return network(pairs)
    learned = kernel.forecast(weights, pairs.windows, network.additions(pairs))
    solved = network.solved_forecast(pairs)
    return learned if solved is None else solved + learned


def compute_consecutive(network: Network, series: ScaledSeries, first: int, count: int) -> Tensor | None:
    """Scaled forecasts [count, N, H] of all nodes from ``first`` and the hours after it, or None without a kernel.

    The same as :func:`compute` gives, but an hour's contribution to the gates is computed once for all windows.
    """
    chosen, weights = _choice(network, series)
    kernel = chosen.kernel
    if not isinstance(kernel, FusedCpu) or weights is None:
        return None
    every_node = torch.arange(len(series.own))
    pairs = series.pairs(every_node, torch.full_like(every_node, first))
    learned = kernel.forecast_consecutive(weights, pairs.windows, network.additions(pairs), count)
    origins = torch.arange(first, first + count).repeat_interleave(len(series.own))
    solved = network.solved_forecast(series.pairs(every_node.repeat(count), origins))
    return learned if solved is None else learned + solved.reshape(learned.shape)


def fused_loss(
    network: Network, pairs: Pairs, target: Tensor, observed: Tensor, loss: LossName
) -> Tensor | None:
    """The mean loss over observed cells with gradients from the same pass, or None if torch must compute it.

    target: [M, H] scaled; observed: bool [M, H]. The kernel is fp32: under autocast torch computes. In training mode
    the kernel draws the network's dropout, with other masks than torch.
    """
    if loss == "cross_entropy" or torch.is_autocast_enabled(pairs.series.device.type):
        return None
    chosen, weights = _choice(network, pairs.series)
    if chosen.kernel is None or weights is None:
        return None
    solved = network.solved_forecast(pairs)
    if solved is not None:
        target = target - solved
    additions, dropout = network.additions(pairs), network.kernel_dropout()
    return chosen.kernel.loss(weights, pairs.windows, additions, target, observed, loss, dropout)


def _choice(network: Network, series: ScaledSeries) -> tuple[Chosen, RecurrentWeights | None]:
    """What computes this network, and the weights that a kernel needs."""
    weights = network.kernel_weights()
    if weights is None:
        return Chosen("torch", network.why_no_kernel(), None), None
    sizes = (weights.hidden, series.residence.streams, weights.lift)
    return choose(series.engine, series.device.type, *sizes), weights
