"""Sums of products of features and targets, node by node: all that a ridge regression needs of the data.

Shapes: n nodes, F features, H horizon. Sums over several parts of the data add up, so that an update is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.series import Pairs, ScaledSeries

PAIRS_PER_BLOCK = 16_384


@dataclass(frozen=True)
class NodeSums:
    """gram: X'X [n, F, F]; moment: X'Y [n, F, H]; square: sum of Y squared [n]; rows: [n]; all float64."""

    gram: np.ndarray
    moment: np.ndarray
    square: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.gram)

    def __add__(self, other: "NodeSums") -> "NodeSums":
        return NodeSums(
            self.gram + other.gram,
            self.moment + other.moment,
            self.square + other.square,
            self.rows + other.rows,
        )

    def __sub__(self, other: "NodeSums") -> "NodeSums":
        """What is left without a part, such as a block that is to be forecast."""
        return NodeSums(
            self.gram - other.gram,
            self.moment - other.moment,
            self.square - other.square,
            self.rows - other.rows,
        )

    def of_features(self, kept: np.ndarray) -> "NodeSums":
        """The sums of some features only. kept: indices, ascending."""
        return NodeSums(
            np.ascontiguousarray(self.gram[:, kept[:, None], kept]),
            np.ascontiguousarray(self.moment[:, kept]),
            self.square,
            self.rows,
        )

    def squared_error(self, node_weights: np.ndarray) -> np.ndarray:
        """Sum of squared errors of each node's weights [n, F, H] over the rows and the horizon [n]."""
        fitted = np.einsum("nfh,nfh->n", node_weights, self.gram @ node_weights)
        return self.square - 2 * np.einsum("nfh,nfh->n", node_weights, self.moment) + fitted


def node_sums(
    features: Callable[[Pairs], Tensor],
    series: ScaledSeries,
    observed: Tensor,
    nodes: np.ndarray,
    origins: np.ndarray,
    horizon_steps: int,
) -> NodeSums:
    """Sums over the windows of some nodes whose whole horizon was observed.

    features: from pairs to float32 [M, F]; observed: bool [N, T]; nodes: [n]; origins: [B], first target steps.
    """
    every = torch.from_numpy(np.ascontiguousarray(origins)).to(series.device)
    parts = [_of_node(features, series, observed, int(node), every, horizon_steps) for node in nodes]
    gram, moment, square, rows = zip(*parts, strict=True)
    return NodeSums(np.stack(gram), np.stack(moment), np.array(square), np.array(rows, dtype=np.float64))


def _of_node(
    features: Callable[[Pairs], Tensor],
    series: ScaledSeries,
    observed: Tensor,
    node: int,
    origins: Tensor,
    horizon_steps: int,
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Products in float32 of at most PAIRS_PER_BLOCK rows, sums of them in float64."""
    gram: np.ndarray | float = 0.0
    moment: np.ndarray | float = 0.0
    square, rows = 0.0, 0
    whole = observed[node].to(origins.device).unfold(0, horizon_steps, 1)[origins].all(dim=1)
    for block in torch.split(origins, PAIRS_PER_BLOCK):
        seen = block[whole[:PAIRS_PER_BLOCK]]
        whole = whole[PAIRS_PER_BLOCK:]
        pairs = series.pairs(torch.full_like(seen, node), seen)
        # NumPy computes half of a product X'X only, because it sees that it is symmetric.
        x, y = features(pairs).cpu().numpy(), pairs.targets(horizon_steps).cpu().numpy()
        gram = gram + (x.T @ x).astype(np.float64)
        moment = moment + (x.T @ y).astype(np.float64)
        square += float(np.square(y, dtype=np.float64).sum())
        rows += len(x)
    return np.asarray(gram), np.asarray(moment), square, rows
