"""A GRU, or another recurrent layer, as a loop over steps with two linear maps, which a method may replace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from wattshed.compression.methods.unrolled_lstm import StackedLSTM, UnrolledLSTM
from wattshed.forecast.networks.thin import linear_of


class UnrolledGRU(nn.Module):
    """A GRU with one layer, as a map of all steps' inputs at once and a map of the state for each step.

    The recurrence is a plain loop: torch has no fused kernel for it. So it is slower than a GRU.
    """

    num_layers = 1

    def __init__(self, input_map: nn.Module, state_map: nn.Module, hidden_size: int) -> None:
        """input_map: [.., in] -> [.., 3 H]; state_map: [.., H] -> [.., 3 H]; gates in torch's order (r, z, n)."""
        super().__init__()
        self.hidden_size = hidden_size
        self.input_map = input_map
        self.state_map = state_map

    def forward(self, steps: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """steps: [M, W, in], state: [1, M, H] -> (states [M, W, H], last state [1, M, H]), as nn.GRU."""
        inputs = self.input_map(steps)
        # An export traces shape[0] as any number of pairs, but len() as a constant.
        last = steps.new_zeros(steps.shape[0], self.hidden_size) if state is None else state[0]
        states = []
        for hour in range(steps.shape[1]):
            reset_in, update_in, new_in = inputs[:, hour].chunk(3, dim=1)
            reset_h, update_h, new_h = self.state_map(last).chunk(3, dim=1)
            update = torch.sigmoid(update_in + update_h)
            candidate = torch.tanh(new_in + torch.sigmoid(reset_in + reset_h) * new_h)
            last = (1 - update) * candidate + update * last
            states.append(last)
        return torch.stack(states, dim=1), last.unsqueeze(0)


class StackedGRU(nn.Module):
    """Several GRUs of one layer, each on the states of the one before, with nn.GRU's dropout between them."""

    def __init__(self, layers: Sequence[nn.Module], hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)

    @property
    def num_layers(self) -> int:
        return len(self.layers)

    def forward(self, steps: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """steps: [M, W, in], state: [L, M, H] -> (states [M, W, H], last states [L, M, H]), as nn.GRU."""
        lasts = []
        for number, layer in enumerate(self.layers):
            if number:
                steps = self.dropout(steps)
            steps, last = layer(steps, None if state is None else state[number : number + 1])
            lasts.append(last)
        return steps, torch.cat(lasts)


def takes(layer: nn.Module) -> TypeGuard[nn.GRU | nn.LSTM]:
    """Whether :func:`by_layer` can replace this layer: a GRU or an LSTM that has biases, one direction and states
    before windows, and that gives states as wide as its units."""
    return (
        isinstance(layer, nn.GRU | nn.LSTM)
        and type(layer) in (nn.GRU, nn.LSTM)
        and layer.bias
        and not layer.bidirectional
        and layer.batch_first
        and not layer.proj_size
    )


def unrolled(layer: nn.GRU | nn.LSTM, input_map: nn.Module, state_map: nn.Module) -> nn.Module:
    """The loop of the layer's kind with these maps in the place of its own."""
    kind = UnrolledLSTM if isinstance(layer, nn.LSTM) else UnrolledGRU
    return kind(input_map, state_map, layer.hidden_size)


def by_layer(layer: nn.GRU | nn.LSTM, make: Callable[[Any], nn.Module]) -> nn.Module:
    """What ``make`` makes of each layer of a GRU or LSTM, each given as one of its own, one on top of another."""
    made = [make(one) for one in single_layers(layer)]
    stacked = StackedLSTM if isinstance(layer, nn.LSTM) else StackedGRU
    return made[0] if len(made) == 1 else stacked(made, layer.hidden_size, layer.dropout)


def single_layers(whole: nn.GRU | nn.LSTM) -> list[nn.GRU | nn.LSTM]:
    """Each layer as a GRU or LSTM of one layer that shares its weights."""
    if whole.num_layers == 1:
        return [whole]
    layers = []
    for number, weights in enumerate(whole.all_weights):
        inputs = weights[0].shape[1]
        layer = type(whole)(inputs, whole.hidden_size, batch_first=True, device="meta")
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for name, weight in zip(names, whole.all_weights[number], strict=True):
            setattr(layer, f"{name}_l0", weight)
        layers.append(layer)
    return layers


def maps_of(layer: nn.GRU | nn.LSTM) -> tuple[nn.Linear, nn.Linear]:
    """Copies of the two linear maps of a GRU or LSTM with one layer: of its inputs and of its state."""
    input_weight, state_weight, input_bias, state_bias = layer.all_weights[0]
    return linear_of(input_weight, input_bias), linear_of(state_weight, state_bias)
