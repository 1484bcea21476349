"""Layers of low rank: each weight matrix as a product of two thin ones."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class LowRankLinear(nn.Module):
    """A linear layer whose weight matrix is U V, with V [rank, in] and U [out, rank]."""

    def __init__(self, thin: nn.Linear, wide: nn.Linear) -> None:
        super().__init__()
        self.thin = thin
        self.wide = wide

    def forward(self, values: Tensor) -> Tensor:
        """values: [..., in] -> [..., out]."""
        return self.wide(self.thin(values))


class LowRankGRU(nn.Module):
    """A GRU with one layer, whose two stacked weight matrices are each of low rank where that saves weights.

    The recurrence is a plain loop: torch has no fused kernel for it. So it is slower than a GRU.
    """

    def __init__(self, input_map: nn.Module, state_map: nn.Module, hidden_size: int) -> None:
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


def thin_layers(layers: Mapping[str, nn.Module], rank: int) -> dict[str, nn.Module]:
    """Replacements of those layers that become smaller at this rank, by name. Other layers are left out."""
    thin = {name: _thin(layer, rank) for name, layer in layers.items()}
    return {name: layer for name, layer in thin.items() if layer is not None}


def factorise(weight: Tensor, bias: Tensor | None, rank: int) -> LowRankLinear:
    """Best approximation of a linear map in the Frobenius norm (Eckart and Young 1936).

    weight: [out, in]; bias: [out].
    """
    left, singular, right = torch.linalg.svd(weight.detach(), full_matrices=False)
    root = singular[:rank].sqrt()
    thin = nn.Linear(weight.shape[1], rank, bias=False, device=weight.device)
    wide = nn.Linear(rank, weight.shape[0], bias=bias is not None, device=weight.device)
    with torch.no_grad():
        thin.weight.copy_(root[:, None] * right[:rank])
        wide.weight.copy_(left[:, :rank] * root[None, :])
        if bias is not None:
            wide.bias.copy_(bias)
    return LowRankLinear(thin, wide)


def _thin(layer: nn.Module, rank: int) -> nn.Module | None:
    if type(layer) is nn.Linear:
        return factorise(layer.weight, layer.bias, rank) if _saves(layer.weight, rank) else None
    if type(layer) is nn.GRU and layer.num_layers == 1 and layer.bias and not layer.bidirectional:
        input_weight, state_weight, input_bias, state_bias = layer.all_weights[0]
        if not (_saves(input_weight, rank) or _saves(state_weight, rank)):
            return None
        return LowRankGRU(
            _map(input_weight, input_bias, rank), _map(state_weight, state_bias, rank), layer.hidden_size
        )
    return None


def _saves(weight: Tensor, rank: int) -> bool:
    outputs, inputs = weight.shape
    return rank * (inputs + outputs) < inputs * outputs


def _map(weight: Tensor, bias: Tensor, rank: int) -> nn.Module:
    """The linear map of low rank, or unchanged if that would not save weights."""
    if _saves(weight, rank):
        return factorise(weight, bias, rank)
    whole = nn.Linear(weight.shape[1], weight.shape[0], device=weight.device)
    with torch.no_grad():
        whole.weight.copy_(weight)
        whole.bias.copy_(bias)
    return whole
