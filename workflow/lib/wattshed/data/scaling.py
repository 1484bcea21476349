"""Scaling, fitted only on the observed cells of the training part."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from wattshed.data.splits import Segment


@dataclass(frozen=True)
class Scaler:
    """z = (x - mean) / deviation; both float32 [N]."""

    mean: np.ndarray
    deviation: np.ndarray

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Scale [..., N]."""
        return (values - self.mean) / self.deviation

    def unscale(self, scaled: np.ndarray) -> np.ndarray:
        """Undo :meth:`scale` on [..., N]."""
        return scaled * self.deviation + self.mean


def fit_scaler(
    values: np.ndarray, observed: np.ndarray, train: Segment, per: Literal["panel", "node"]
) -> Scaler:
    """Fit on observed cells of ``train``: one pair for the panel (the study's) or one per node.

    A node without an observed training hour takes the panel's pair; a constant node gets the deviation 1.
    """
    # Sums in float64 without a float64 copy of the panel, which would take 1 GB for 8,442 nodes.
    seen = observed[train.start : train.stop]
    cells = np.where(seen, values[train.start : train.stop], np.float32(0))
    counts = seen.sum(axis=0)
    sums = cells.sum(axis=0, dtype=np.float64)
    squares = np.einsum("tn,tn->n", cells, cells, dtype=np.float64)
    panel_mean = sums.sum() / counts.sum()
    panel_deviation = np.sqrt(max(squares.sum() / counts.sum() - panel_mean**2, 0.0))
    if per == "panel":
        mean = np.full(values.shape[1], panel_mean)
        deviation = np.full(values.shape[1], panel_deviation)
    else:
        safe = np.maximum(counts, 1)
        mean = np.where(counts > 0, sums / safe, panel_mean)
        deviation = np.where(counts > 0, np.sqrt(np.maximum(squares / safe - mean**2, 0.0)), panel_deviation)
    deviation = np.where(deviation > 1e-6 * np.maximum(1.0, np.abs(mean)), deviation, 1.0)
    return Scaler(mean.astype(np.float32), deviation.astype(np.float32))
