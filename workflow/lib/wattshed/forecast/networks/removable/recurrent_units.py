"""Units of a GRU or an LSTM with a linear read-out: how important they are, and how they are removed."""

import copy

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, PrunableUnits
from wattshed.forecast.networks.removable.recurrent_layers import is_plain, recurrent_name
from wattshed.forecast.networks.removable.watched_gru import watch


def prunable_units(network: Network, gru: nn.Module, output: nn.Module) -> PrunableUnits | None:
    """Units of the recurrent layer ``gru``, which may be an LSTM, and of ``output`` of a network.

    None if a method has replaced one of them, or if there are several recurrent layers.
    """
    if not is_plain(gru) or type(output) is not nn.Linear or gru.num_layers > 1:
        return None

    def keep(units: Tensor, means: Tensor | None = None) -> Network:
        smaller = copy.deepcopy(network)
        layer, smaller.output = without_units(gru, output, units, means)
        setattr(smaller, recurrent_name(network), layer)
        return smaller

    return PrunableUnits(unit_importance(gru, output), keep, lambda: watch(network, "units"))


def unit_importance(gru: nn.GRU | nn.LSTM, output: nn.Linear) -> Tensor:
    """L2 norm of all weights that make or read each recurrent unit [hidden]."""
    weights, hidden = gru.state_dict(), gru.hidden_size
    squares = output.weight.detach().square().sum(dim=0)
    squares = squares + weights["weight_hh_l0"].square().sum(dim=0)
    for name in ("weight_ih_l0", "weight_hh_l0"):
        squares = squares + weights[name].square().sum(dim=1).reshape(-1, hidden).sum(dim=0)
    return squares.sqrt()


def without_units(
    gru: nn.GRU | nn.LSTM, output: nn.Linear, keep: Tensor, means: Tensor | None = None
) -> tuple[nn.GRU | nn.LSTM, nn.Linear]:
    """Smaller layers with only the units ``keep``; the result is exactly equal if the other units are always zero or
    not read.

    PyTorch stacks the gates, (r, z, n) of a GRU and (i, f, g, o) of an LSTM: unit j owns rows j, j + H, j + 2 H, ...
    of the input and recurrent weights and biases, column j of the recurrent weights and column j of the read-out.

    means: [2, hidden], mean state as the recurrence and as the output reads it; added to the biases in place of the
    removed units. The recurrent bias of a GRU's candidate n is inside r * (...), as the states are, so that the result
    is exactly equal if the removed units are constant.
    """
    hidden, device = gru.hidden_size, output.weight.device
    keep = keep.to(device)
    gates = len(gru.all_weights[0][1]) // hidden
    rows = torch.cat([keep + gate * hidden for gate in range(gates)])
    smaller = type(gru)(gru.input_size, len(keep), batch_first=True)
    read_out = nn.Linear(len(keep), output.out_features)
    kept = {name: weights[rows] for name, weights in gru.state_dict().items()}
    if means is not None:
        removed = without(hidden, keep)
        recurrence, read = means.to(device)[:, removed]
        kept["bias_hh_l0"] = kept["bias_hh_l0"] + kept["weight_hh_l0"][:, removed] @ recurrence
    kept["weight_hh_l0"] = kept["weight_hh_l0"][:, keep]
    smaller.load_state_dict(kept)
    with torch.no_grad():
        read_out.weight.copy_(output.weight[:, keep])
        read_out.bias.copy_(output.bias)
        if means is not None:
            read_out.bias.add_(output.weight[:, removed] @ read)
    return smaller.to(device), read_out.to(device)


def without(count: int, keep: Tensor) -> Tensor:
    """The indices below ``count`` that are not in ``keep``, ascending."""
    removed = torch.ones(count, dtype=torch.bool, device=keep.device)
    removed[keep] = False
    return removed.nonzero()[:, 0]
