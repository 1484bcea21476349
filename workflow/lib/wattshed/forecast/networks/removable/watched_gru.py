"""A GRU computed step by step, and networks with such layers, so that their inputs and states can be looked at."""

import copy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, Watched
from wattshed.forecast.networks.removable.recurrent_layers import recurrent_name
from wattshed.forecast.networks.removable.watched_lstm import WatchedLSTM, read_alone


class WatchedGRU(nn.Module):
    """The same layer step by step; inputs and states of the last call are kept, with gradients.

    inputs, states: one tensor per step, [M, channels] and [M, units]. Gradients do not pass to what made the inputs.
    reads: each step's previous state as the recurrent matrix alone reads it [M, units]. The gradient of
    ``reads`` does not hold that of the unit's own carry z * h.
    """

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.gru = gru
        self.inputs: list[Tensor] = []
        self.states: list[Tensor] = []
        self.reads: list[Tensor] = []

    def forward(self, steps: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """steps: [M, W, channels]; state: [1, M, units] before the first step, None for zeros."""
        input_weight, state_weight, input_bias, state_bias = self.gru.all_weights[0]
        last = steps.new_zeros(len(steps), self.gru.hidden_size) if state is None else state[0]
        self.inputs = [step.detach().requires_grad_() for step in steps.unbind(1)]
        self.states, self.reads = [], []
        for step in self.inputs:
            read = read_alone(last)
            inner = nn.functional.linear(step, input_weight, input_bias).chunk(3, dim=1)
            recurrent = nn.functional.linear(read, state_weight, state_bias).chunk(3, dim=1)
            reset, update = (torch.sigmoid(inner[gate] + recurrent[gate]) for gate in (0, 1))
            candidate = torch.tanh(inner[2] + reset * recurrent[2])
            last = (1 - update) * candidate + update * last
            self.states.append(last)
            self.reads.append(read)
        return torch.stack(self.states, dim=1), last.unsqueeze(0)


def watch(network: Network, what: Literal["units", "channels"]) -> Watched:
    """A copy of a network with the layers ``gru`` or ``lstm``, and ``output``, whose units, or channels, are seen.

    Places that read units: the recurrence, then the output. The recurrence reads zeros in the first step; its mean is
    over the steps after it. The only place that reads channels is the recurrence.
    """
    seen = copy.deepcopy(network)
    name = recurrent_name(network)
    layer: Any = getattr(seen, name)
    gru = WatchedGRU(layer) if name == "gru" else WatchedLSTM(layer)
    setattr(seen, name, gru)
    if what == "channels":
        return Watched(seen, lambda: gru.inputs, lambda: [gru.inputs], lambda: _mean(gru.inputs).unsqueeze(0))
    by_output: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        by_output[:] = [read_alone(inputs[0])]
        return (by_output[0],)

    seen.output.register_forward_pre_hook(note)  # type: ignore[union-attr]

    def means() -> Tensor:
        read = by_output[0].detach().flatten(0, -2).mean(dim=0)
        return torch.stack([_mean(gru.states[:-1] or gru.states), read])

    return Watched(seen, lambda: gru.states, lambda: [gru.reads, by_output], means)


def _mean(hours: list[Tensor]) -> Tensor:
    return torch.stack([hour.detach() for hour in hours]).mean(dim=(0, 1))
