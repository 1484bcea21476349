"""Attention on blocks near the diagonal: each block of queries sees its own block of keys and its neighbours."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wattshed.engine.attention.kernel import without_empty_rows


@dataclass(frozen=True)
class Blocks:
    """Exact on its pattern; what lies outside the pattern is never computed.

    A query in block b of ``block`` places sees the keys of the blocks b - neighbours to b + neighbours, as far as they
    exist. Work and memory grow with L * block, not with L * L. Source of the pattern: Beltagy et al. 2020 (Longformer)
    and Zaheer et al. 2020 (Big Bird), without their global places. With ``dropout`` on a CPU the scores of the pattern
    are kept.

    Keys are not copied for each block that sees them: the blocks are overlapping views of one padded tensor.
    """

    block: int
    neighbours: int = 1

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, known: Tensor | None, dropout: float
    ) -> Tensor:
        rows, heads, length, channels = query.shape
        blocks = -(-length // self.block)
        filled = blocks * self.block
        side = self.neighbours * self.block
        # [M * heads, blocks, block, channels]
        queries = _padded(query, 0, filled - length).view(rows * heads, blocks, self.block, channels)
        keys, values = (
            self._seen(_padded(one, side, filled - length + side).flatten(0, 1)) for one in (key, value)
        )
        exists = torch.ones(1, length, dtype=torch.bool, device=query.device) if known is None else known
        # [1 or M, blocks, 2 * neighbours + 1 blocks of keys]
        allowed = torch.nn.functional.pad(exists, (side, filled - length + side)).unfold(
            1, side + self.block + side, self.block
        )
        if known is not None:
            allowed = allowed.repeat_interleave(heads, dim=0)
        opened, some = without_empty_rows(allowed[:, :, None, :])
        mixed = torch.nn.functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=opened, dropout_p=dropout
        )
        if known is not None:
            mixed = torch.where(some, mixed, 0.0)
        return mixed.reshape(rows, heads, filled, channels)[:, :, :length]

    def _seen(self, padded: Tensor) -> Tensor:
        """[K, padded length, channels] -> the keys that each block sees [K, blocks, (2 n + 1) * block, channels]."""
        return padded.unfold(1, (2 * self.neighbours + 1) * self.block, self.block).transpose(2, 3)

    def pattern(self, length: int) -> Tensor:
        """The same as a mask, bool [length, length]: queries in rows."""
        place = torch.arange(length) // self.block
        return (place[:, None] - place[None, :]).abs() <= self.neighbours


def _padded(values: Tensor, before: int, after: int) -> Tensor:
    """[M, heads, L, channels] with zeros before and after its L places, contiguous."""
    return torch.nn.functional.pad(values, (0, 0, before, after)).contiguous()
