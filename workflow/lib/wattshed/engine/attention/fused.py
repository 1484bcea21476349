"""Exact attention by torch's fused kernel, which never holds the scores of all pairs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wattshed.engine.attention.kernel import without_empty_rows


@dataclass(frozen=True)
class Fused:
    """The same function as :class:`~wattshed.engine.attention.kernel.Explicit`, in blocks that stay in the cache.

    Source: Dao et al. 2022 (FlashAttention), as torch's ``scaled_dot_product_attention`` does it. For the backward pass
    it keeps queries, keys, values, the result and one number per query, and computes the scores again. With ``dropout``
    this holds on a GPU only: on a CPU torch then computes the result in the plain way, with all scores kept.
    """

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, known: Tensor | None, dropout: float
    ) -> Tensor:
        if known is None:
            return torch.nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        opened, some = without_empty_rows(known[:, None, None, :])
        mixed = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=opened, dropout_p=dropout
        )
        return torch.where(some, mixed, 0.0)


FUSED = Fused()
