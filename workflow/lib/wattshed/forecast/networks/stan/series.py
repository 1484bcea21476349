"""The attention branch: a recurrent layer in both directions, attention, and a convolution over a series of regions.

Shapes: B examples, L samples, R regions, H units of each direction.
"""

import torch
from torch import Tensor, nn

from wattshed.forecast.networks.stan.attention import KnownAttention
from wattshed.forecast.networks.stan.norms import NormKind, norm_of
from wattshed.forecast.networks.transformer import FeedForward


class BothDirections(nn.Module):
    """LSTM layers in both directions over the known samples; a window's known samples come first.

    The backward direction reads each window from its own last known sample, so that padding at the end is read by
    neither. Shapes stay those of the padded batch.
    """

    def __init__(self, inputs: int, units: int, layers: int, dropout: float) -> None:
        super().__init__()
        widths = (inputs, *(2 * units,) * (layers - 1))
        self.forwards = nn.ModuleList(nn.LSTM(width, units, batch_first=True) for width in widths)
        self.backwards = nn.ModuleList(nn.LSTM(width, units, batch_first=True) for width in widths)
        self.dropout = nn.Dropout(dropout)

    def forward(self, series: Tensor, known: Tensor | None) -> Tensor:
        """series: [B, L, R], known: bool [B, L], None for all -> [B, L, 2 H]; what padding holds is not used by later
        layers."""
        turned = None if known is None else turning(known)
        values = series
        for number, (forwards, backwards) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            if number:
                values = self.dropout(values)
            ahead = forwards(values)[0]
            back = reordered(backwards(reordered(values, turned))[0], turned)
            values = torch.cat([ahead, back], dim=-1)
        return values


class AttentionThenNorm(nn.Module):
    """Attention added to its input, and a norm after it: the source's block."""

    def __init__(self, width: int, heads: int, attention_dropout: float) -> None:
        super().__init__()
        self.attention = KnownAttention(width, heads, attention_dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, values: Tensor, known: Tensor | None) -> Tensor:
        """values: [B, L, width]; known: bool [B, L], None for all -> [B, L, width]."""
        normed: Tensor = self.norm(values + self.attention(values, known))
        return normed


class SeriesBlock(nn.Module):
    """Attention and a feed-forward network on each sample, both added to their input, with the norms before them."""

    def __init__(
        self, width: int, heads: int, feed_forward: int, attention_dropout: float, dropout: float
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = KnownAttention(width, heads, attention_dropout)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, feed_forward)
        self.narrow = nn.Linear(feed_forward, width)
        self.each_hour = FeedForward()
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor, known: Tensor | None) -> Tensor:
        """values: [B, L, width]; known: bool [B, L], None for all -> [B, L, width]."""
        values = values + self.dropout(self.attention(self.attention_norm(values), known))
        added = self.each_hour(values, self.feed_forward_norm, self.widen, self.narrow)
        return values + self.dropout(added)


class SeriesBranch(nn.Module):
    """Recurrent layers, blocks of attention, and a convolution over three samples."""

    def __init__(
        self, recurrent: BothDirections, blocks: list[nn.Module], units: int, norm: NormKind
    ) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.blocks = nn.ModuleList(blocks)
        self.convolution = nn.Conv1d(2 * units, units, kernel_size=3, padding=1)
        self.norm = norm_of(norm, units)

    def forward(self, series: Tensor, known: Tensor | None) -> Tensor:
        """series: [B, L, R]; known: bool [B, L], None for all -> a token of each sample [B, L, H]; 0 where padded."""
        values = self.recurrent(series, known)
        for block in self.blocks:
            values = block(values, known)
        if known is not None:
            # Padding is zero, as beyond the end of a window without padding.
            values = torch.where(known.unsqueeze(-1), values, 0.0)
        local = self.convolution(values.transpose(1, 2)).transpose(1, 2)
        return torch.relu(self.norm(local, known))


def turning(known: Tensor) -> Tensor:
    """The order that turns each window's known samples round, int64 [B, L]; padding stays where it is."""
    places = torch.arange(known.shape[1], device=known.device)
    lengths = known.sum(dim=1, keepdim=True)
    return torch.where(places < lengths, lengths - 1 - places, places)


def reordered(values: Tensor, order: Tensor | None) -> Tensor:
    """values: [B, L, C] in the order int64 [B, L] of each example; turned round without one."""
    if order is None:
        return values.flip(1)
    return values.gather(1, order.unsqueeze(-1).expand(-1, -1, values.shape[-1]))
