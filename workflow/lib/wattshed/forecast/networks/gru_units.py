"""Units of a GRU with a linear read-out: how important they are, and how they are removed."""

import copy

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, PrunableUnits


def prunable_units(network: Network, gru: nn.Module, output: nn.Module) -> PrunableUnits | None:
    """Units of the layers ``gru`` and ``output`` of a network; None if a method has replaced one of them."""
    if type(gru) is not nn.GRU or type(output) is not nn.Linear:
        return None

    def keep(units: Tensor) -> Network:
        smaller = copy.deepcopy(network)
        smaller.gru, smaller.output = without_units(gru, output, units)
        return smaller

    return PrunableUnits(unit_importance(gru, output), keep)


def unit_importance(gru: nn.GRU, output: nn.Linear) -> Tensor:
    """L2 norm of all weights that make or read each GRU unit [hidden]."""
    weights, hidden = gru.state_dict(), gru.hidden_size
    squares = output.weight.detach().square().sum(dim=0)
    squares = squares + weights["weight_hh_l0"].square().sum(dim=0)
    for name in ("weight_ih_l0", "weight_hh_l0"):
        squares = squares + weights[name].square().sum(dim=1).reshape(3, hidden).sum(dim=0)
    return squares.sqrt()


def without_units(gru: nn.GRU, output: nn.Linear, keep: Tensor) -> tuple[nn.GRU, nn.Linear]:
    """Smaller layers with only the units ``keep``; the result is exactly equal if the other units are always zero or
    not read.

    PyTorch stacks the gates (r, z, n): unit j owns rows j, j + H, j + 2 H of the input and recurrent
    weights and biases, column j of the recurrent weights and column j of the read-out.
    """
    hidden, device = gru.hidden_size, output.weight.device
    keep = keep.to(device)
    rows = torch.cat([keep, keep + hidden, keep + 2 * hidden])
    smaller = nn.GRU(gru.input_size, len(keep), batch_first=True)
    read_out = nn.Linear(len(keep), output.out_features)
    kept = {name: weights[rows] for name, weights in gru.state_dict().items()}
    kept["weight_hh_l0"] = kept["weight_hh_l0"][:, keep]
    smaller.load_state_dict(kept)
    with torch.no_grad():
        read_out.weight.copy_(output.weight[:, keep])
        read_out.bias.copy_(output.bias)
    return smaller.to(device), read_out.to(device)
