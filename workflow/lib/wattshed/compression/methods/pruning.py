"""Structured pruning of the GRU: units are removed, not masked."""

import copy

import torch
from torch import Tensor, nn

from wattshed.forecast.families.networks import STGNN


def unit_importance(network: STGNN) -> Tensor:
    """L2 norm of all weights that make or read each GRU unit [hidden]."""
    weights, hidden = network.gru.state_dict(), network.gru.hidden_size
    squares = network.output.weight.detach().square().sum(dim=0)
    squares = squares + weights["weight_hh_l0"].square().sum(dim=0)
    for name in ("weight_ih_l0", "weight_hh_l0"):
        squares = squares + weights[name].square().sum(dim=1).reshape(3, hidden).sum(dim=0)
    return squares.sqrt()


def most_important(network: STGNN, keep_share: float) -> Tensor:
    """Indices of the kept units, ascending; at least one."""
    kept = max(1, round(network.gru.hidden_size * keep_share))
    return unit_importance(network).topk(kept).indices.sort().values


def remove_units(network: STGNN, keep: Tensor) -> STGNN:
    """A smaller network with only the GRU units ``keep``; exactly equal if the others are dead or unread.

    PyTorch stacks the gates (r, z, n): unit j owns rows j, j + H, j + 2 H of the input and recurrent
    weights and biases, column j of the recurrent weights and column j of the read-out.
    """
    gru, hidden = network.gru, network.gru.hidden_size
    rows = torch.cat([keep, keep + hidden, keep + 2 * hidden])
    smaller = nn.GRU(gru.input_size, len(keep), batch_first=True)
    output = nn.Linear(len(keep), network.output.out_features)
    kept = {name: weights[rows] for name, weights in gru.state_dict().items()}
    kept["weight_hh_l0"] = kept["weight_hh_l0"][:, keep]
    smaller.load_state_dict(kept)
    with torch.no_grad():
        output.weight.copy_(network.output.weight[:, keep])
        output.bias.copy_(network.output.bias)
    result = copy.deepcopy(network)
    result.gru, result.output = smaller, output
    return result
