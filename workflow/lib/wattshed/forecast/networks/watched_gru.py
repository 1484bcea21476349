"""A GRU computed hour by hour, so that its inputs and states can be looked at."""

import copy
from typing import Literal

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, Watched


class WatchedGRU(nn.Module):
    """The same layer hour by hour; inputs and states of the last call are kept, with gradients.

    inputs, states: one tensor per hour, [M, channels] and [M, units]. Gradients do not pass to what made the inputs.
    """

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.gru = gru
        self.inputs: list[Tensor] = []
        self.states: list[Tensor] = []

    def forward(self, steps: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """steps: [M, W, channels]; state: [1, M, units] before the first hour, None for zeros."""
        weights = self.gru.all_weights[0]
        last = steps.new_zeros(len(steps), self.gru.hidden_size) if state is None else state[0]
        self.inputs = [step.detach().requires_grad_() for step in steps.unbind(1)]
        self.states = []
        for step in self.inputs:
            last = torch.gru_cell(step, last, *weights)
            self.states.append(last)
        return torch.stack(self.states, dim=1), last.unsqueeze(0)


def watch(network: Network, what: Literal["units", "channels"]) -> Watched:
    """A copy of a network with the layers ``gru`` and ``output`` whose units, or channels, are seen.

    Places that read units: the recurrence, then the output. The recurrence reads zeros in the first hour; its mean is
    over the hours after it. The only place that reads channels is the recurrence.
    """
    seen = copy.deepcopy(network)
    gru = WatchedGRU(seen.gru)  # type: ignore[arg-type]
    seen.gru = gru
    read: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        read[:] = [inputs[0].detach()]

    seen.output.register_forward_pre_hook(note)  # type: ignore[union-attr]
    if what == "channels":
        return Watched(seen, lambda: gru.inputs, lambda: _mean(gru.inputs).unsqueeze(0))

    def means() -> Tensor:
        return torch.stack([_mean(gru.states[:-1] or gru.states), read[0].flatten(0, -2).mean(dim=0)])

    return Watched(seen, lambda: gru.states, means)


def _mean(hours: list[Tensor]) -> Tensor:
    return torch.stack([hour.detach() for hour in hours]).mean(dim=(0, 1))
