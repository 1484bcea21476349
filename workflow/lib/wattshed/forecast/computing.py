"""The two places where a back end takes a network's place: its forecasts, and its loss."""

from typing import Literal

import torch
from torch import Tensor, nn

from wattshed.engine.choice import Chosen, choose
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.forecast.families.networks import STGNN, Residual
from wattshed.forecast.series import Pairs, ScaledSeries


def backend_of(network: nn.Module, series: ScaledSeries) -> Chosen:
    """What computes this network on these series, and why."""
    if isinstance(network, Residual):
        return backend_of(network.network, series)
    if not isinstance(network, STGNN):
        return Chosen("torch", f"no kernel for {type(network).__name__}", None)
    weights = network.recurrent_weights()
    if weights is None:
        return Chosen("torch", "no kernel for layers that are not plain", None)
    return choose(series.engine, series.device.type, len(weights.own), series.residence.streams)


def compute(network: nn.Module, pairs: Pairs) -> Tensor:
    """Scaled forecasts [M, H], without gradients where a kernel computes them."""
    if isinstance(network, Residual):
        return network.linear(pairs) + compute(network.network, pairs)
    kernel = backend_of(network, pairs.series).kernel
    if kernel is None or torch.is_grad_enabled():
        return network(pairs)
    assert isinstance(network, STGNN)
    weights = network.recurrent_weights()
    assert weights is not None
    return kernel.forecast(weights, pairs.windows, network.additions(pairs))


def compute_consecutive(network: nn.Module, series: ScaledSeries, first: int, count: int) -> Tensor | None:
    """Scaled forecasts [count, N, H] of all nodes from ``first`` and the hours after it, or None without a kernel.

    The same as :func:`compute` gives, but what an hour adds to the gates is computed once for all windows.
    """
    if isinstance(network, Residual):
        learned = compute_consecutive(network.network, series, first, count)
        if learned is None:
            return None
        nodes = torch.arange(len(series.own)).repeat(count)
        origins = torch.arange(first, first + count).repeat_interleave(len(series.own))
        return learned + network.linear(series.pairs(nodes, origins)).reshape(learned.shape)
    kernel = backend_of(network, series).kernel
    if not isinstance(kernel, FusedCpu) or not isinstance(network, STGNN):
        return None
    weights = network.recurrent_weights()
    assert weights is not None
    nodes = torch.arange(len(series.own))
    pairs = series.pairs(nodes, torch.full_like(nodes, first))
    return kernel.forecast_consecutive(weights, pairs.windows, network.additions(pairs), count)


def fused_loss(
    network: nn.Module, pairs: Pairs, target: Tensor, observed: Tensor, loss: Literal["huber", "squared"]
) -> Tensor | None:
    """The mean loss over observed cells with gradients from the same sweep, or None where torch must do it.

    target: [M, H] scaled; observed: bool [M, H]. The kernel is fp32: under autocast torch computes.
    """
    if isinstance(network, Residual):
        return fused_loss(network.network, pairs, target - network.linear(pairs), observed, loss)
    if torch.is_autocast_enabled(pairs.series.device.type):
        return None
    kernel = backend_of(network, pairs.series).kernel
    if kernel is None:
        return None
    assert isinstance(network, STGNN)
    weights = network.recurrent_weights()
    assert weights is not None
    return kernel.loss(weights, pairs.windows, network.additions(pairs), target, observed, loss)
