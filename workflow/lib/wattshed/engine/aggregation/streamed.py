"""Weighted sums over edges in chunks, with a backward pass that gathers again. Shapes: K nodes, E edges, heads, C."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# A chunk's messages take about so much: more than the cost of a call needs, and little beside a network's values.
CHUNK_BYTES = 2**21


def streamed_sums(values: Tensor, sources: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """values: [K, heads, C]; sources, targets: int64 [E]; weights: [E, heads]. Returns [K, heads, C].

    Keeps only what it was given. It can be differentiated once.
    """
    sums: Tensor = _StreamedSums.apply(values, sources, targets, weights)
    return sums


class _StreamedSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, sources: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(values, sources, targets, weights)
        kind = torch.promote_types(values.dtype, weights.dtype)
        sums = values.new_zeros(values.shape, dtype=kind)
        for part in _chunks(sources, values):
            sums.index_add_(0, targets[part], values[sources[part]] * weights[part].to(kind).unsqueeze(-1))
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_sums: Tensor) -> tuple[Tensor | None, None, None, Tensor | None]:
        values, sources, targets, weights = ctx.saved_tensors
        of_values = torch.zeros_like(of_sums) if ctx.needs_input_grad[0] else None
        of_weights = of_sums.new_empty(weights.shape) if ctx.needs_input_grad[3] else None
        for part in _chunks(sources, values):
            arrived = of_sums[targets[part]]
            if of_weights is not None:
                of_weights[part] = torch.linalg.vecdot(arrived, values[sources[part]].to(arrived.dtype))
            if of_values is not None:
                of_values.index_add_(
                    0, sources[part], arrived * weights[part].to(arrived.dtype).unsqueeze(-1)
                )
        return (
            None if of_values is None else of_values.to(values.dtype),
            None,
            None,
            None if of_weights is None else of_weights.to(weights.dtype),
        )


def _chunks(edges: Tensor, values: Tensor) -> Iterator[slice]:
    """Slices of the edges whose messages take about ``CHUNK_BYTES``; their number depends on shapes alone."""
    of_one = max(1, values.shape[1] * values.shape[2] * 4)
    size = max(1, CHUNK_BYTES // of_one)
    return (slice(first, first + size) for first in range(0, edges.shape[0], size))
