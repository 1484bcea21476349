"""The recurrent layers of our networks, of which there may be several."""

from typing import Any

from torch import nn


def make_gru(inputs: int, hidden: int, layers: int, dropout: float) -> nn.GRU:
    """An untrained GRU whose layers have ``hidden`` units each; dropout: of the states between its layers."""
    # torch warns about a dropout that has no place to act.
    return nn.GRU(inputs, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)


def layers_of(gru: nn.Module) -> int:
    """Number of recurrent layers; a layer that replaces torch's GRU is one."""
    return getattr(gru, "num_layers", 1)


def recurrent_name(network: Any) -> str:
    """The attribute that holds the recurrent layers of a network."""
    return "lstm" if hasattr(network, "lstm") else "gru"


def is_plain(layer: Any) -> bool:
    """Whether it is torch's own GRU or LSTM, which no method has replaced."""
    return type(layer) in (nn.GRU, nn.LSTM)
