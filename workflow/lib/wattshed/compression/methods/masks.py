"""Masks over the weight matrices of a network's linear and recurrent maps: which weights may differ from zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wattshed.compression.methods.making import Making
from wattshed.forecast.network import Network
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch
from wattshed.training.updates import UpdateContext, UpdateHooks, train_further

if TYPE_CHECKING:
    from wattshed.compression.methods.masked import Scope

# True where a weight stays, by the parameter's name.
Masks = Mapping[str, Tensor]


def matrices(network: Network) -> dict[str, Tensor]:
    """The weight matrices of the linear maps by ``map.parameter``, without biases.

    Raises :class:`Fault` if there are none.
    """
    found: dict[str, Tensor] = {
        f"{name}.{parameter}": weights
        for name, layer in network.linear_maps().items()
        for parameter, weights in layer.named_parameters()
        if weights.dim() >= 2
    }
    if not found:
        raise Fault(
            f"{type(network).__name__} has no weight matrices that can be masked: expected a network with linear maps; "
            "choose another method."
        )
    return found


def largest(network: Network, keep_share: float, scope: Scope, masks: Masks, what: str) -> Masks:
    """The masks that keep this share of the weights that ``masks`` leave, those with the largest absolute values.

    scope: ``global`` ranks the weights of all matrices together, ``layer`` those of each matrix for itself; what: the
    setting behind the share, for messages.
    Raises :class:`Fault` if a matrix would lose all its weights, or if none would be removed.
    """
    weights = {name: value.detach().abs() for name, value in matrices(network).items()}
    if scope == "layer":
        found = {name: _top({name: value}, keep_share, masks)[name] for name, value in weights.items()}
    else:
        found = _top(weights, keep_share, masks)
    refuse_empty(network, found, what)
    refuse_full(found, masks, what)
    return found


def top_of_each(network: Network, keep_share: float) -> Masks:
    """The masks that keep this share of each matrix, its largest weights."""
    weights = {name: value.detach().abs() for name, value in matrices(network).items()}
    return {name: _top({name: value}, keep_share, whole(network))[name] for name, value in weights.items()}


def _top(weights: dict[str, Tensor], keep_share: float, masks: Masks) -> dict[str, Tensor]:
    """The largest of the masked weights, counted over all of these matrices."""
    # A removed weight ranks behind every weight that is left, even behind one that is zero.
    ranked = torch.cat([torch.where(masks[name], value, -1).flatten() for name, value in weights.items()])
    kept = torch.zeros(len(ranked), dtype=torch.bool, device=ranked.device)
    kept[ranked.topk(round(keep_share * count({name: masks[name] for name in weights}))).indices] = True
    parts = kept.split([value.numel() for value in weights.values()])
    return {name: part.reshape(weights[name].shape) for name, part in zip(weights, parts, strict=True)}


def whole(network: Network) -> Masks:
    """Masks that keep every weight."""
    return {name: torch.ones_like(value, dtype=torch.bool) for name, value in matrices(network).items()}


def of_zeros(network: Network) -> Masks:
    """Masks that keep every weight that differs from zero."""
    return {name: value.detach() != 0 for name, value in matrices(network).items()}


def count(masks: Masks) -> int:
    """How many weights the masks keep."""
    return sum(int(mask.sum()) for mask in masks.values())


def refuse_empty(network: Network, masks: Masks, what: str) -> None:
    for name, mask in masks.items():
        if not bool(mask.any()):
            raise Fault(
                f"{what} keeps none of the {mask.numel()} weights of {name} in this {type(network).__name__}: expected "
                "settings that keep at least one weight of each matrix; keep more weights, or rank each matrix for "
                "itself (scope: layer) if the variant does not."
            )


def refuse_full(found: Masks, before: Masks, what: str) -> None:
    if count(found) >= count(before):
        raise Fault(
            f"{what} removes none of the {count(before)} weights: expected settings that remove at least one; change "
            "the variant."
        )


@torch.no_grad()
def apply(network: Network, masks: Masks) -> None:
    """Set the weights that are not kept to zero, in place."""
    for name, weights in matrices(network).items():
        weights.mul_(masks[name])


class KeepZero:
    """Hooks of a gradient step: removed weights get no gradient, so that AdamW does not move them from zero."""

    def __init__(self, network: Network, masks: Masks) -> None:
        self._network = network
        self.masks = masks

    def penalty(self, batch: Batch) -> Tensor | None:
        return None

    def project(self, gradients: list[Tensor]) -> None:
        for name, weights in matrices(self._network).items():
            if weights.grad is not None:
                weights.grad.mul_(self.masks[name])


class MaskedUpdates(UpdateHooks):
    """The same in updates of a masked network."""

    def __init__(self, context: UpdateContext) -> None:
        super().__init__(context)
        self._zero = KeepZero(context.network, of_zeros(context.network))

    def project(self, gradients: list[Tensor]) -> None:
        self._zero.project(gradients)


def fine_tune_masked(making: Making, network: Network, steps: int) -> float:
    """Train a network on the training part, in place; weights that are zero stay zero. Returns the mean loss."""
    return train_further(MaskedUpdates(making.context(network, steps)), making.part)
