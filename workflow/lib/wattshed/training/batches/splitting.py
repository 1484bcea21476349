"""Splits a batch into parts of about equal size, whose losses by observed cells add up to the whole batch's."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from torch import Tensor

from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch


def split(batch: Batch, parts: int) -> list[Batch]:
    """At most ``parts`` batches of consecutive examples; fewer where there are fewer examples.

    The first input is split, and its further inputs, such as a sampled graph, are shared by all parts. Raises
    :class:`Fault` for inputs that cannot be cut into examples.
    """
    count = len(batch.target)
    parts = min(parts, count)
    cuts = [count * number // parts for number in range(parts + 1)]
    places = [slice(first, last) for first, last in pairwise(cuts)]
    return [batch] if parts <= 1 else [_part(batch, place, count) for place in places]


def _part(batch: Batch, place: slice, count: int) -> Batch:
    first, *others = batch.inputs
    return replace(
        batch,
        inputs=(_cut(first, place), *others),
        target=batch.target[place],
        observed=batch.observed[place],
        pairs=batch.pairs * len(range(*place.indices(count))) // count,
        nodes=_own(batch.nodes, place, count, batch.origins),
        origins=None if batch.origins is None else batch.origins[place],
    )


def _own(nodes: Tensor | None, place: slice, count: int, origins: Tensor | None) -> Tensor | None:
    """The part's nodes, where node and origin make a pair; else all of them."""
    paired = nodes is not None and origins is not None and len(nodes) == len(origins) == count
    return nodes[place] if paired and nodes is not None else nodes


def _cut(inputs: Any, place: slice) -> Any:
    if isinstance(inputs, Tensor) or hasattr(inputs, "__getitem__"):
        return inputs[place]
    raise Fault(
        f"the memory mechanism accumulation cannot split inputs of the type {type(inputs).__name__}: expected a "
        "tensor, or inputs that give a part for a slice; leave the mechanism out of the recipe, or lower its batch."
    )
