"""Channels between a graph layer, or a lift, and a GRU or an LSTM: how important they are, and how they are removed."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, PrunableUnits
from wattshed.forecast.networks.removable.recurrent_layers import is_plain, recurrent_name
from wattshed.forecast.networks.removable.recurrent_units import without
from wattshed.forecast.networks.removable.watched_gru import watch


def prunable_channels(
    network: Network, layers: Sequence[str], tables: Sequence[str] = ()
) -> PrunableUnits | None:
    """Channels that a network's ``gru``, or ``lstm``, reads.

    None if a method has replaced a layer, if there are several recurrent layers, or if the network has further layers,
    which may read channels too.

    layers: attributes with the linear layers that make the channels; tables: parameters [rows, channels] of which one
    row is added. Those that are None are left out.
    """
    recurrent = recurrent_name(network)
    if any(
        name.split(".")[0] not in {*layers, *tables, recurrent, "output"}
        for name, _ in network.named_parameters()
    ):
        return None
    gru: Any = getattr(network, recurrent)
    lifts = {name: getattr(network, name) for name in layers if getattr(network, name) is not None}
    added = {name: getattr(network, name) for name in tables if getattr(network, name) is not None}
    if not is_plain(gru) or gru.num_layers > 1:
        return None
    if any(type(layer) is not nn.Linear or layer.out_features != gru.input_size for layer in lifts.values()):
        return None

    def keep(channels: Tensor, means: Tensor | None = None) -> Network:
        smaller = copy.deepcopy(network)
        for name, layer in lifts.items():
            setattr(smaller, name, _with_outputs(layer, channels))
        for name, table in added.items():
            setattr(smaller, name, nn.Parameter(table.detach()[:, channels.to(table.device)]))
        setattr(smaller, recurrent, without_inputs(gru, channels, means))
        return smaller

    importance = channel_importance(gru, list(lifts.values()), list(added.values()))
    return PrunableUnits(importance, keep, lambda: watch(network, "channels"))


def channel_importance(gru: nn.GRU | nn.LSTM, lifts: Sequence[nn.Linear], tables: Sequence[Tensor]) -> Tensor:
    """L2 norm of all weights that make or read each channel [channels].

    Of a table the mean square over its rows counts, because one row acts at a time.
    """
    squares = gru.state_dict()["weight_ih_l0"].square().sum(dim=0)
    for layer in lifts:
        squares = squares + layer.weight.detach().square().sum(dim=1)
        if layer.bias is not None:
            squares = squares + layer.bias.detach().square()
    for table in tables:
        squares = squares + table.detach().square().mean(dim=0)
    return squares.sqrt()


def without_inputs(gru: nn.GRU | nn.LSTM, keep: Tensor, means: Tensor | None = None) -> nn.GRU | nn.LSTM:
    """A recurrent layer that reads only the channels ``keep``; exactly equal if the others are zero or not read.

    means: [1, channels]; those of the removed channels are added to the input biases, which is exactly equal if the
    removed channels are constant.
    """
    weights = gru.state_dict()
    device = weights["weight_ih_l0"].device
    keep = keep.to(device)
    smaller = type(gru)(len(keep), gru.hidden_size, batch_first=True)
    if means is not None:
        removed = without(gru.input_size, keep)
        folded = weights["weight_ih_l0"][:, removed] @ means.to(device)[0, removed]
        weights["bias_ih_l0"] = weights["bias_ih_l0"] + folded
    weights["weight_ih_l0"] = weights["weight_ih_l0"][:, keep]
    smaller.load_state_dict(weights)
    return smaller.to(device)


def _with_outputs(layer: nn.Linear, keep: Tensor) -> nn.Linear:
    """A linear layer with only the outputs ``keep``."""
    device = layer.weight.device
    smaller = nn.Linear(layer.in_features, len(keep), bias=layer.bias is not None, device=device)
    with torch.no_grad():
        smaller.weight.copy_(layer.weight[keep.to(device)])
        if layer.bias is not None:
            smaller.bias.copy_(layer.bias[keep.to(device)])
    return smaller
