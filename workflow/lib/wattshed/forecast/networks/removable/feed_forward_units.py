"""Hidden units of the feed-forward networks of a transformer: how important they are, and how they are removed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, PrunableUnits, Watched
from wattshed.forecast.networks.removable.watched_lstm import read_alone


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

    Seen units [blocks, units] are each block's own, in their order there; :attr:`PrunableUnits.keep` takes ranks
    [kept], or each block's own units [blocks, kept]. means: [blocks, units], each block reads its own.
    """
    blocks: Sequence[Block] = list(network.blocks)
    if any(type(layer) is not nn.Linear for block in blocks for layer in (block.widen, block.narrow)):
        return None
    importances = torch.stack([unit_importance(block) for block in blocks])
    ranked, orders = importances.sort(dim=1, descending=True, stable=True)

    def keep(units: Tensor, means: Tensor | None = None) -> Network:
        smaller = copy.deepcopy(network)
        for number, (block, order) in enumerate(zip(smaller.blocks, orders, strict=True)):
            own = order[units.to(order.device)] if units.dim() == 1 else units[number].to(order.device)
            mean = None if means is None else means[number]
            block.widen, block.narrow = without_units(block, own.sort().values, mean)
        return smaller

    return PrunableUnits(ranked.square().sum(dim=0).sqrt(), keep, lambda: watch_feed_forward(network))


def unit_importance(block: Block) -> Tensor:
    """L2 norm of all weights that make or read each unit of a block [units]."""
    makes, bias, reads = (
        value.detach() for value in (block.widen.weight, block.widen.bias, block.narrow.weight)
    )
    return (makes.square().sum(dim=1) + bias.square() + reads.square().sum(dim=0)).sqrt()


def watch_feed_forward(network: Any) -> Watched:
    """A copy whose feed-forward units are seen: what each block's second layer reads. Its hooks are the copy's own."""
    seen = copy.deepcopy(network)
    reads: dict[int, Tensor] = {}

    def noting(number: int) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            reads[number] = read_alone(inputs[0])
            return (reads[number],)

        return note

    for number, block in enumerate(seen.blocks):
        block.narrow.register_forward_pre_hook(noting(number))
    for part in seen.modules():
        # A gate would compute the block for some examples only, and blocks could not be seen together.
        if hasattr(part, "skips_rows"):
            part.skips_rows = False

    def in_order() -> list[Tensor]:
        return [reads[number] for number in sorted(reads)]

    def values() -> list[Tensor]:
        # [M, L, blocks, units] -> one tensor [M, blocks, units] for each step
        return list(torch.stack(in_order(), dim=-2).unbind(1))

    def means() -> Tensor:
        return torch.stack([read.detach().flatten(0, -2).mean(dim=0) for read in in_order()])

    return Watched(seen, values, lambda: [[read] for read in in_order()], means, own_units=True)


def without_units(block: Block, keep: Tensor, means: Tensor | None = None) -> tuple[nn.Linear, nn.Linear]:
    """Smaller layers with only the units ``keep``; exactly equal if the others are zero or not read.

    means: [units]; what the removed units give on average is added to the second layer's bias, which is exactly equal
    if they are constant.
    """
    device = block.widen.weight.device
    widen = nn.Linear(block.widen.in_features, len(keep), device=device)
    narrow = nn.Linear(len(keep), block.narrow.out_features, device=device)
    with torch.no_grad():
        widen.weight.copy_(block.widen.weight[keep])
        widen.bias.copy_(block.widen.bias[keep])
        narrow.weight.copy_(block.narrow.weight[:, keep])
        narrow.bias.copy_(block.narrow.bias)
        if means is not None:
            removed = torch.ones(block.widen.out_features, dtype=torch.bool, device=device)
            removed[keep] = False
            narrow.bias.add_(block.narrow.weight[:, removed] @ means.to(device)[removed])
    return widen, narrow
