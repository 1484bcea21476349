"""Low rank: both GRU weight matrices as products of two thin ones, truly computed as such."""

import copy

import torch
from torch import Tensor, nn

from wattshed.forecast.families.networks import STGNN


class LowRankGRU(nn.Module):
    """A GRU whose stacked weights are U V with V [rank, in] and U [3 H, rank].

    Smaller than the full GRU only below rank 0.75 H (for equal input and hidden size). The recurrence is a
    plain loop: torch has no fused kernel for it, and its latency says so.
    """

    def __init__(self, gru: nn.GRU, rank: int) -> None:
        super().__init__()
        self.hidden_size = gru.hidden_size
        full = gru.state_dict()
        self.input_thin, self.input_wide = factorise(full["weight_ih_l0"], full["bias_ih_l0"], rank)
        self.state_thin, self.state_wide = factorise(full["weight_hh_l0"], full["bias_hh_l0"], rank)

    def forward(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """steps: [M, W, in] -> (states [M, W, H], last state [1, M, H]), as nn.GRU returns them."""
        inputs = self.input_wide(self.input_thin(steps))
        state = steps.new_zeros(len(steps), self.hidden_size)
        states = []
        for hour in range(steps.shape[1]):
            reset_in, update_in, new_in = inputs[:, hour].chunk(3, dim=1)
            reset_h, update_h, new_h = self.state_wide(self.state_thin(state)).chunk(3, dim=1)
            update = torch.sigmoid(update_in + update_h)
            candidate = torch.tanh(new_in + torch.sigmoid(reset_in + reset_h) * new_h)
            state = (1 - update) * candidate + update * state
            states.append(state)
        return torch.stack(states, dim=1), state.unsqueeze(0)


def factorise(weight: Tensor, bias: Tensor, rank: int) -> tuple[nn.Linear, nn.Linear]:
    """Best approximation of a linear map in the Frobenius norm (Eckart-Young), as thin then wide layer."""
    left, singular, right = torch.linalg.svd(weight, full_matrices=False)
    root = singular[:rank].sqrt()
    thin = nn.Linear(weight.shape[1], rank, bias=False)
    wide = nn.Linear(rank, weight.shape[0])
    with torch.no_grad():
        thin.weight.copy_(root[:, None] * right[:rank])
        wide.weight.copy_(left[:, :rank] * root[None, :])
        wide.bias.copy_(bias)
    return thin, wide


def low_rank(network: STGNN, rank: int) -> STGNN:
    """A copy of the network with a low-rank GRU."""
    result = copy.deepcopy(network)
    result.gru = LowRankGRU(network.gru, rank)  # type: ignore[assignment]
    return result
