"""What a kernel of attention must offer, and the plain one."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class AttentionKernel(Protocol):
    """Mixes values by the softmax of scaled products of queries and keys."""

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, known: Tensor | None, dropout: float
    ) -> Tensor:
        """query, key, value: [M, heads, L, width / heads]; known: bool [M, L], keys that may be attended to, None for all
        of them; dropout: share of attention weights set to zero, 0 outside of training. Returns [M, heads, L,
        width / heads]."""
        ...


@dataclass(frozen=True)
class Explicit:
    """Two batched products and a softmax: keeps the scores [M, heads, L, L] for the backward pass."""

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, known: Tensor | None, dropout: float
    ) -> Tensor:
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-2, -1))
        if known is not None:
            scores = scores.masked_fill(~known[:, None, None, :], float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        if dropout:
            weights = torch.nn.functional.dropout(weights, dropout)
        return torch.matmul(weights, value)


EXPLICIT = Explicit()
