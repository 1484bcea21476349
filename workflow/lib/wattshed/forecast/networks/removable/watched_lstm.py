"""An LSTM computed step by step, so that its inputs and states can be looked at."""

import torch
from torch import Tensor, nn


class WatchedLSTM(nn.Module):
    """The same layer step by step; inputs and states of the last call are kept, with gradients.

    inputs, states: one tensor per step, [M, channels] and [M, units]. Gradients do not pass to what made the inputs.
    reads: each step's previous state as the recurrent matrix reads it [M, units]. The cell, which only the unit itself
    carries, is not among them.
    """

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm
        self.inputs: list[Tensor] = []
        self.states: list[Tensor] = []
        self.reads: list[Tensor] = []

    def forward(
        self, steps: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """steps: [M, W, channels]; state: two of [1, M, units] before the first step, None for zeros."""
        input_weight, state_weight, input_bias, state_bias = self.lstm.all_weights[0]
        nothing = steps.new_zeros(len(steps), self.lstm.hidden_size)
        last, cell = (nothing, nothing) if state is None else (state[0][0], state[1][0])
        self.inputs = [step.detach().requires_grad_() for step in steps.unbind(1)]
        self.states, self.reads = [], []
        for step in self.inputs:
            read = read_alone(last)
            inner = nn.functional.linear(step, input_weight, input_bias)
            gates = (inner + nn.functional.linear(read, state_weight, state_bias)).chunk(4, dim=1)
            enter, forget, leave = (torch.sigmoid(gates[gate]) for gate in (0, 1, 3))
            cell = forget * cell + enter * torch.tanh(gates[2])
            last = leave * torch.tanh(cell)
            self.states.append(last)
            self.reads.append(read)
        return torch.stack(self.states, dim=1), (last.unsqueeze(0), cell.unsqueeze(0))


def read_alone(states: Tensor) -> Tensor:
    """The same values as a tensor of their own, whose gradient is that of one place alone."""
    return states.clone() if states.requires_grad else states.detach().clone().requires_grad_()
