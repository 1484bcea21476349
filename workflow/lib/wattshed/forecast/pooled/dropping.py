"""Which features of a pooled ridge regression are the most useful, by backward elimination on its sums."""

import numpy as np

from wattshed.forecast.pooled.solution import Penalties, SharedSystem, inverses, node_weights
from wattshed.forecast.pooled.sums import NodeSums

# Features that carry the same information would be dropped together in one round.
ROUNDS = 5


def useful_features(
    sums: NodeSums, variances: np.ndarray, penalties: Penalties, free: np.ndarray, rows: float, count: int
) -> np.ndarray:
    """Indices of the ``count`` features to keep, ascending; the constant always stays.

    In each round the features go whose loss raises the penalised squared error the least: that of a weight ``b`` is
    ``b^2 / (G + K)^-1`` at its place on the diagonal (the saliency of optimal brain surgeon, Hassibi and Stork 1993),
    summed over nodes and hours in the panel's unit. Then the rest is solved again.
    """
    kept = np.arange(sums.gram.shape[1])
    for left in np.linspace(len(kept), count, ROUNDS + 1).round().astype(int)[1:]:
        part = sums.of_features(kept)
        diagonal = penalties.of_deviations(free[kept], rows)
        inverse = inverses(part, diagonal)
        system = SharedSystem.empty(len(kept), part.moment.shape[2])
        system.add(part, inverse, diagonal, variances)
        weights = node_weights(part.moment, inverse, diagonal, system.solve(penalties.shared, rows))
        own = np.einsum("nff->nf", inverse)
        loss = np.einsum("n,nfh,nf->f", variances, np.square(weights), 1 / np.maximum(own, 1e-300))
        loss[-1] = np.inf
        kept = kept[np.sort(np.argsort(loss, kind="stable")[len(kept) - left :])]
    return kept
