"""Attention within a series and between two kinds of tokens. Shapes: B examples, L samples, Q queries, K keys."""

from torch import Tensor, nn

from wattshed.engine.attention.fused import FUSED
from wattshed.engine.attention.kernel import EXPLICIT, AttentionKernel


class KnownAttention(nn.Module):
    """Self-attention over the known samples of a series (Vaswani et al. 2017); ``kernel`` says how it is computed."""

    kernel: AttentionKernel = EXPLICIT

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, values: Tensor, known: Tensor | None) -> Tensor:
        """values: [B, L, width]; known: bool [B, L], None for all -> [B, L, width]."""
        query, key, value = self.qkv(values).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = self.kernel(query, key, value, known, self.dropout if self.training else 0.0)
        return self.out(mixed.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Attention of one kind of tokens to another one.

    Blocks near the diagonal mean nothing between two kinds of tokens: where such a kernel is asked for, the exact fused
    one computes it.
    """

    kernel: AttentionKernel = EXPLICIT

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, asking: Tensor, asked: Tensor, known: Tensor | None) -> Tensor:
        """asking: [B, Q, width]; asked: [B, K, width]; known: bool [B, K], None for all -> [B, Q, width]."""
        query = self.query(asking).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key, value = self.key_value(asked).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        kernel = EXPLICIT if self.kernel == EXPLICIT else FUSED
        mixed = kernel(query, key, value, known, self.dropout if self.training else 0.0)
        return self.out(mixed.transpose(1, 2).flatten(2))
