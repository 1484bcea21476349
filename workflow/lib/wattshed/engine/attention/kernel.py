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
        """query, key, value: [M, heads, L, width / heads]; known: bool [M, L], keys that may be attended to, None for
        all of them; dropout: share of attention weights set to zero, 0 outside of training. Returns [M, heads, L,
        width / heads]; zeros where a query may attend to no key."""
        ...


@dataclass(frozen=True)
class Explicit:
    """Two batched products and a softmax: keeps the scores [M, heads, L, L] for the backward pass."""

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, known: Tensor | None, dropout: float
    ) -> Tensor:
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-2, -1))
        if known is not None:
            opened, some = without_empty_rows(known[:, None, None, :])
            scores = scores.masked_fill(~opened, float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        if dropout:
            weights = torch.nn.functional.dropout(weights, dropout)
        mixed = torch.matmul(weights, value)
        return mixed if known is None else torch.where(some, mixed, 0.0)


def without_empty_rows(allowed: Tensor) -> tuple[Tensor, Tensor]:
    """allowed: bool [..., keys]. Opens all keys of rows that have none, whose softmax would not be a number.

    Returns the mask [..., keys] and which rows had a key [..., 1]: the results of all other rows must be set to zero.
    """
    some = allowed.any(dim=-1, keepdim=True)
    return allowed | ~some, some


EXPLICIT = Explicit()
