"""Token-level models as the laws' sweeps train them, written with torch's own layers."""

import torch
from torch import Tensor, nn

from wattshed.law.operations.tokens import TokenSizes


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x))."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.before_attention, self.before_inner = nn.LayerNorm(width), nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, values: Tensor) -> Tensor:
        parts = self.qkv(self.before_attention(values)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2)) * query.shape[-1] ** -0.5
        values = values + self.projection((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))
        return values + self.narrow(nn.functional.gelu(self.widen(self.before_inner(values))))


class TokenModel(nn.Module):
    """Embedding, layers and head; a transformer also has a learned row per place."""

    def __init__(self, family: str, sizes: TokenSizes) -> None:
        super().__init__()
        width = sizes.width
        self.embedding, self.head = nn.Embedding(sizes.vocabulary, width), nn.Linear(width, sizes.vocabulary)
        if family == "transformer":
            self.places = nn.Parameter(torch.zeros(sizes.length, width))
            blocks = [Block(width, sizes.heads, sizes.feed_forward) for _ in range(sizes.layers)]
            self.body: nn.Module = nn.Sequential(*blocks)
        else:
            layer = {"lstm": nn.LSTM, "gru": nn.GRU}[family]
            self.body = layer(width, width, sizes.layers, batch_first=True)
        self.family = family

    def forward(self, tokens: Tensor) -> Tensor:
        values = self.embedding(tokens)
        if self.family == "transformer":
            return self.head(self.body(values + self.places))
        return self.head(self.body(values)[0])
