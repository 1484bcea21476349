"""An LSTM as a loop over steps with two linear maps, which a method may replace; and LSTMs one on top of another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

# A state and a cell, each [layers, M, units].
State = tuple[Tensor, Tensor]


class UnrolledLSTM(nn.Module):
    """An LSTM with one layer, as a map of all steps' inputs at once and a map of the state for each step.

    The recurrence is a plain loop: torch has no fused kernel for it. So it is slower than an LSTM.
    """

    num_layers = 1

    def __init__(self, input_map: nn.Module, state_map: nn.Module, hidden_size: int) -> None:
        """input_map: [.., in] -> [.., 4 H]; state_map: [.., H] -> [.., 4 H]; gates in torch's order (i, f, g, o)."""
        super().__init__()
        self.hidden_size = hidden_size
        self.input_map = input_map
        self.state_map = state_map

    def forward(self, steps: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """steps: [M, W, in], state: two of [1, M, H] -> (states [M, W, H], last two of [1, M, H]), as nn.LSTM."""
        inputs = self.input_map(steps)
        if state is None:
            # An export traces shape[0] as any number of pairs, but len() as a constant.
            last = cell = steps.new_zeros(steps.shape[0], self.hidden_size)
        else:
            last, cell = state[0][0], state[1][0]
        states = []
        for hour in range(steps.shape[1]):
            enter, forget, new, leave = (inputs[:, hour] + self.state_map(last)).chunk(4, dim=1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            last = torch.sigmoid(leave) * torch.tanh(cell)
            states.append(last)
        return torch.stack(states, dim=1), (last.unsqueeze(0), cell.unsqueeze(0))


class StackedLSTM(nn.Module):
    """Several LSTMs of one layer, each on the states of the one before, with nn.LSTM's dropout between them."""

    def __init__(self, layers: Sequence[nn.Module], hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)

    @property
    def num_layers(self) -> int:
        return len(self.layers)

    def forward(self, steps: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """steps: [M, W, in], state: two of [L, M, H] -> (states [M, W, H], last two of [L, M, H]), as nn.LSTM."""
        lasts, cells = [], []
        for number, layer in enumerate(self.layers):
            if number:
                steps = self.dropout(steps)
            before = None
            if state is not None:
                before = state[0][number : number + 1], state[1][number : number + 1]
            steps, (last, cell) = layer(steps, before)
            lasts.append(last)
            cells.append(cell)
        return steps, (torch.cat(lasts), torch.cat(cells))
