"""The recurrent layers of our networks, of which there may be several."""

from torch import nn


def make_gru(inputs: int, hidden: int, layers: int, dropout: float) -> nn.GRU:
    """An untrained GRU whose layers have ``hidden`` units each; dropout: of the states between its layers."""
    # torch warns about a dropout that has no place to act.
    return nn.GRU(inputs, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)


def layers_of(gru: nn.Module) -> int:
    """Number of recurrent layers; a layer that replaces torch's GRU is one."""
    return getattr(gru, "num_layers", 1)
