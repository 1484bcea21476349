"""Which layers of a network are recurrent, and whether a method has replaced them."""

from typing import Any, TypeGuard

from torch import nn


def recurrent_name(network: Any) -> str:
    """The attribute that holds the recurrent layers of a network."""
    return "lstm" if hasattr(network, "lstm") else "gru"


def is_plain(layer: Any) -> TypeGuard[nn.GRU | nn.LSTM]:
    """Whether it is torch's own GRU or LSTM, which no method has replaced."""
    return type(layer) in (nn.GRU, nn.LSTM)
