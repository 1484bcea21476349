"""Norms that leave padding out. Shapes: C channels, last; the dimensions before them are places."""

from typing import Literal

import torch
from torch import Tensor, nn

NormKind = Literal["batch", "layer"]


class KnownBatchNorm(nn.BatchNorm1d):
    """Batch norm over known places only: padding changes neither the statistics nor their running means."""

    def forward(self, values: Tensor, known: Tensor | None = None) -> Tensor:
        """values: [..., C]; known: bool [...], None for all places -> [..., C]; what is not known becomes 0."""
        if known is None:
            return super().forward(values.flatten(0, -2)).view(values.shape)
        kept = known.unsqueeze(-1)
        if not self.training:
            return torch.where(kept, super().forward(values.flatten(0, -2)).view(values.shape), 0.0)
        places = tuple(range(values.dim() - 1))
        # As exact as the weights, whatever arithmetic the layer before had.
        values = values.to(self.weight.dtype)
        count = kept.sum().clamp(min=1)
        mean = torch.where(kept, values, 0.0).sum(places) / count
        centred = torch.where(kept, values - mean, 0.0)
        variance = centred.square().sum(places) / count
        self._follow(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        return torch.where(kept, centred * (self.weight * (variance + self.eps).rsqrt()) + self.bias, 0.0)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics; momentum and the unbiased variance are those of torch's batch norm."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance, self.momentum)


class PlaceNorm(nn.LayerNorm):
    """Layer norm of each place's channels: no place sees another one."""

    def forward(self, values: Tensor, known: Tensor | None = None) -> Tensor:
        """values: [..., C]; known: bool [...], None for all places -> [..., C]; what is not known becomes 0."""
        normed = super().forward(values)
        return normed if known is None else torch.where(known.unsqueeze(-1), normed, 0.0)


def norm_of(kind: NormKind, channels: int) -> KnownBatchNorm | PlaceNorm:
    return KnownBatchNorm(channels) if kind == "batch" else PlaceNorm(channels)


def mean_of_known(values: Tensor, known: Tensor | None) -> Tensor:
    """Mean over the known places of each example, None for all: [B, L, C], bool [B, L] -> [B, C]; 0 if it has none."""
    if known is None:
        return values.mean(dim=1)
    kept = known.unsqueeze(-1)
    return torch.where(kept, values, 0.0).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
