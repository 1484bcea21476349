"""Hidden units of the feed-forward networks of a transformer: how important they are, and how they are removed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, PrunableUnits


class Block(Protocol):
    """A block of a transformer: what its feed-forward network is made of."""

    widen: nn.Linear
    narrow: nn.Linear


def prunable_feed_forward(network: Any) -> PrunableUnits | None:
    """Units of all ``blocks`` of a transformer together; None if a method has replaced one of their layers.

    Each block loses as many units as every other, because the shapes of a smaller network must not depend on weights.
    So unit r of the result is the unit of rank r in each block, by the norm of its weights, the most important first;
    its importance is the root of the sum of squares over blocks. The most important ranks are then the most important
    units of each block.
    """
    blocks: Sequence[Block] = list(network.blocks)
    if any(type(layer) is not nn.Linear for block in blocks for layer in (block.widen, block.narrow)):
        return None
    importances = torch.stack([unit_importance(block) for block in blocks])
    ranked, orders = importances.sort(dim=1, descending=True, stable=True)

    def keep(units: Tensor, means: Tensor | None = None) -> Network:
        if means is not None:
            raise ValueError("units of feed-forward networks have no means to fold; expected None")
        smaller = copy.deepcopy(network)
        for block, order in zip(smaller.blocks, orders, strict=True):
            block.widen, block.narrow = without_units(block, order[units.to(order.device)].sort().values)
        return smaller

    return PrunableUnits(ranked.square().sum(dim=0).sqrt(), keep)


def unit_importance(block: Block) -> Tensor:
    """L2 norm of all weights that make or read each unit of a block [units]."""
    makes, bias, reads = (
        value.detach() for value in (block.widen.weight, block.widen.bias, block.narrow.weight)
    )
    return (makes.square().sum(dim=1) + bias.square() + reads.square().sum(dim=0)).sqrt()


def without_units(block: Block, keep: Tensor) -> tuple[nn.Linear, nn.Linear]:
    """Smaller layers with only the units ``keep``; exactly equal if the others are zero or not read."""
    device = block.widen.weight.device
    widen = nn.Linear(block.widen.in_features, len(keep), device=device)
    narrow = nn.Linear(len(keep), block.narrow.out_features, device=device)
    with torch.no_grad():
        widen.weight.copy_(block.widen.weight[keep])
        widen.bias.copy_(block.widen.bias[keep])
        narrow.weight.copy_(block.narrow.weight[:, keep])
        narrow.bias.copy_(block.narrow.bias)
    return widen, narrow
