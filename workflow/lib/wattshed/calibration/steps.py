"""Token-level training steps of the laws' own sweeps: embedding, LSTM, GRU or transformer, head, cross entropy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from wattshed.calibration.drawing import log_uniform
from wattshed.law.operations.operation import Operation
from wattshed.law.operations.tokens import TOKEN_FAMILIES, TokenSizes, token_training_step
from wattshed.training.step.eager_adamw import EagerAdamW

__all__ = ["StepCase", "TokenModel", "TokenSizes", "draw_token_step", "token_step"]


@dataclass(frozen=True)
class StepCase:
    """A training step of some sizes. family: left out together; source: ``tokens`` or ``house``; operations: of the
    step by formula; build: gives the step as a call."""

    family: str
    source: str
    size: dict[str, Any]
    operations: tuple[Operation, ...]
    build: Callable[[torch.device], Callable[[], Any]]

    @property
    def largest_values(self) -> int:
        """Values of the largest array that a product or an operation on rows makes."""
        return max((one.products * one.rows * one.columns for one in self.operations), default=0)


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)), with explicit attention (Vaswani et al. 2017)."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)

    def forward(self, read: Tensor) -> Tensor:
        """read: [batch, length, width]."""
        batch, length, width = read.shape
        parts = self.qkv(self.first_norm(read)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2)) * math.sqrt(self.heads / width)
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width)
        read = read + self.projection(mixed)
        return read + self.narrow(nn.functional.gelu(self.widen(self.second_norm(read))))


class TokenModel(nn.Module):
    """Logits [batch, length, vocabulary] of tokens [batch, length]."""

    def __init__(self, family: str, sizes: TokenSizes) -> None:
        """Raises ValueError for a family that is none of ``TOKEN_FAMILIES``."""
        super().__init__()
        width = sizes.width
        self.embedding, self.head = nn.Embedding(sizes.vocabulary, width), nn.Linear(width, sizes.vocabulary)
        self.places: nn.Parameter | None = None
        self.body: nn.Module
        if family == "transformer":
            self.places = nn.Parameter(torch.zeros(sizes.length, width))
            blocks = [Block(width, sizes.heads, sizes.feed_forward) for _ in range(sizes.layers)]
            self.body = nn.Sequential(*blocks)
        elif family in ("lstm", "gru"):
            make = nn.LSTM if family == "lstm" else nn.GRU
            self.body = make(width, width, sizes.layers, batch_first=True)
        else:
            raise ValueError(f"the family {family!r} is unknown: expected one of {', '.join(TOKEN_FAMILIES)}")

    def forward(self, tokens: Tensor) -> Tensor:
        read = self.embedding(tokens)
        states = self.body(read)[0] if self.places is None else self.body(read + self.places)
        logits: Tensor = self.head(states)
        return logits


def token_step(family: str, sizes: TokenSizes, device: torch.device) -> Callable[[], Tensor]:
    """A whole training step as a call: both passes, clipping and AdamW."""
    model = TokenModel(family, sizes).to(device)
    optimiser = EagerAdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    tokens = torch.randint(sizes.vocabulary, (sizes.batch, sizes.length), device=device)
    after = torch.randint(sizes.vocabulary, (sizes.batch * sizes.length,), device=device)

    def step() -> Tensor:
        optimiser.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(tokens).flatten(0, 1), after)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return loss.detach()

    return step


def draw_token_step(family: str, random: Random, large: bool = False) -> StepCase:
    """A step of random sizes. large: of those that keep a GPU busy."""
    heads = random.choice((1, 2, 4, 8))
    width = random.choice((256, 384, 512, 768, 1024) if large else (32, 64, 96, 128, 192, 256))
    sizes = TokenSizes(
        batch=log_uniform(random, *((8, 128) if large else (2, 32))),
        length=random.choice((64, 128, 256, 512) if large else (16, 32, 64, 128)),
        width=width,
        layers=random.choice((1, 2, 3, 4)),
        heads=heads,
        feed_forward=random.choice((2, 4)) * width,
        vocabulary=random.choice((128, 512)),
    )
    return StepCase(
        family,
        "tokens",
        {name: getattr(sizes, name) for name in sizes.__dataclass_fields__},
        token_training_step(family, sizes),
        lambda device: token_step(family, sizes, device),
    )
