"""Labelled examples as a network takes them. Shapes: B examples, L samples, R regions, F features."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class LabelledBatch:
    """Windows of series, each with the connectivity of its regions.

    series: float32 [B, L, R], z-scored per window and region, 0 where padded; known: bool [B, L], samples that are no
    padding; a window's known samples come first. connectivity: float32 [B, R, R], correlations over the known samples;
    features: float32 [B, R, F] of each region.
    """

    series: Tensor
    known: Tensor
    connectivity: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.series)
