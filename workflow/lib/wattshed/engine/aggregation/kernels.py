"""Graph attention's weighted sums over edges, in three ways that give the same result.

Shapes: B examples, N nodes, E edges of each example, heads, C channels of each head.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from wattshed.engine.aggregation.streamed import streamed_sums

# Nodes' values [B, N, heads, C], sources and targets int64 [B, E], weights [B, E, heads], and which edges count,
# bool [B, E] or None for all of them -> [B, N, heads, C]: at each node the weighted sum of the values at the sources of
# the edges that lead to it; zeros at a node without such an edge. An edge that is given twice counts twice.
Aggregation = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor | None], Tensor]
# `auto` takes `dense` if at least one of so many pairs of nodes is an edge.
PAIRS_OF_AN_EDGE = 16


def messages(
    values: Tensor, sources: Tensor, targets: Tensor, weights: Tensor, kept: Tensor | None = None
) -> Tensor:
    """The plain way: one message for each edge [B, E, heads, C], which the backward pass keeps."""
    nodes = values.shape[1]
    gathered = values.flatten(0, 1)[numbered(sources, nodes)]
    weighted = gathered * of_kept(weights, kept).flatten(0, 1).unsqueeze(-1)
    sums = weighted.new_zeros(values.shape[0] * nodes, *values.shape[2:])
    # Not index_add, which keeps the weighted messages for its backward pass, though only their shape matters there.
    places = numbered(targets, nodes)[:, None, None].expand_as(weighted)
    return sums.scatter_add(0, places, weighted).view(values.shape)


def dense(
    values: Tensor, sources: Tensor, targets: Tensor, weights: Tensor, kept: Tensor | None = None
) -> Tensor:
    """A matrix of attention for each example and head [B, heads, N, N], times the values: for small or dense graphs."""
    examples, nodes, heads, _ = values.shape
    kind = torch.promote_types(values.dtype, weights.dtype)
    # [B, heads, E]
    each_head = of_kept(weights, kept).to(kind).transpose(1, 2)
    cells = (targets * nodes + sources)[:, None, :].expand(-1, heads, -1)
    matrix = each_head.new_zeros(examples, heads, nodes * nodes).scatter_add(2, cells, each_head)
    sums = torch.matmul(matrix.view(examples, heads, nodes, nodes), values.to(kind).transpose(1, 2))
    return sums.transpose(1, 2)


def streamed(
    values: Tensor, sources: Tensor, targets: Tensor, weights: Tensor, kept: Tensor | None = None
) -> Tensor:
    """Chunks of edges, forwards and backwards: the messages never exist all at once. For large sparse graphs."""
    nodes = values.shape[1]
    sums = streamed_sums(
        values.flatten(0, 1),
        numbered(sources, nodes),
        numbered(targets, nodes),
        of_kept(weights, kept).flatten(0, 1),
    )
    return sums.view(values.shape)


def auto(
    values: Tensor, sources: Tensor, targets: Tensor, weights: Tensor, kept: Tensor | None = None
) -> Tensor:
    """``dense`` or ``streamed``, by the share of pairs of nodes that are edges."""
    few = values.shape[1] ** 2 <= PAIRS_OF_AN_EDGE * sources.shape[1]
    return (dense if few else streamed)(values, sources, targets, weights, kept)


def numbered(places: Tensor, nodes: int) -> Tensor:
    """Nodes of each example [B, E] as rows of all examples' nodes [B * E]."""
    first = torch.arange(places.shape[0], device=places.device) * nodes
    return (places + first[:, None]).flatten()


def of_kept(weights: Tensor, kept: Tensor | None) -> Tensor:
    """Weights [B, E, heads], zero where an edge does not count, whatever its weight is."""
    return weights if kept is None else weights.masked_fill(~kept.unsqueeze(-1), 0.0)


KERNELS: dict[str, Aggregation] = {"messages": messages, "dense": dense, "streamed": streamed, "auto": auto}
