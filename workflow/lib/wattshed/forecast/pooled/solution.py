"""Shared weights and every node's deviation from them, both in closed form.

Node n has the weights ``w + d_n``. With ``K`` the diagonal penalty of deviations, ``lambda`` that of shared weights,
and ``a_n`` the node's variance, so that errors count in the panel's unit, they minimise

    sum_n a_n (|Y_n - X_n (w + d_n)|^2 + d_n' K d_n) + lambda sum_n a_n |w|^2.

For given ``w`` a node's weights are ``w + d_n = C_n (m_n + K w)``, with ``G_n = X_n'X_n``, ``m_n = X_n'Y_n`` and
``C_n = (G_n + K)^-1``. What is left is ``[sum a (K - K C K) + lambda] w = sum a K C m``, because
``G - G C G = K - K C K``. It is the random-effects model of Laird and Ware (1982, Biometrics 38) with penalties in the
place of variances: empirical Bayes if they are chosen by the error on other data.

Shapes: n nodes, F features, H horizon; the last feature is the constant.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack, solve

from wattshed.forecast.pooled.sums import NodeSums

# The shared constant is hardly penalised.
CONSTANT_PENALTY = 1e-9


@dataclass(frozen=True)
class Penalties:
    """Per row of a node: of deviations of free features, of deviations of all others, and of shared weights."""

    free: float
    tied: float
    shared: float

    def of_deviations(self, free: np.ndarray, rows: float) -> np.ndarray:
        """The diagonal of K [F]. free: bool [F]; rows: of a node on average."""
        return rows * np.where(free, self.free, self.tied)


def inverses(sums: NodeSums, diagonal: np.ndarray) -> np.ndarray:
    """``(G_n + K)^-1`` of every node [n, F, F], by Cholesky's decomposition."""
    result = np.empty_like(sums.gram)
    for index, gram in enumerate(sums.gram):
        factor, failed = lapack.dpotrf(gram + np.diag(diagonal), lower=1)
        inverse, failed = (factor, failed) if failed else lapack.dpotri(factor, lower=1)
        if failed:
            # Too close to singular for it: least squares still has an answer.
            result[index] = np.linalg.pinv(gram + np.diag(diagonal), hermitian=True)
        else:
            lower = np.tril(inverse)
            result[index] = lower + np.tril(lower, -1).T
    return result


@dataclass
class SharedSystem:
    """What the nodes add to the equations of the shared weights; blocks of nodes are added one after another.

    left: [F, F]; right: [F, H]; weight: sum of the nodes' variances.
    """

    left: np.ndarray
    right: np.ndarray
    weight: float = 0.0

    @classmethod
    def empty(cls, features: int, horizon_steps: int) -> "SharedSystem":
        return cls(np.zeros((features, features)), np.zeros((features, horizon_steps)))

    def add(self, sums: NodeSums, inverse: np.ndarray, diagonal: np.ndarray, variances: np.ndarray) -> None:
        """variances: [n], in the panel's unit squared."""
        pooled = np.einsum("n,nfg->fg", variances, inverse)
        self.left += variances.sum() * np.diag(diagonal) - diagonal[:, None] * pooled * diagonal
        self.right += diagonal[:, None] * np.einsum("n,nfh->fh", variances, inverse @ sums.moment)
        self.weight += float(variances.sum())

    def solve(self, penalty: float, rows: float) -> np.ndarray:
        """The shared weights [F, H]. penalty: per row; rows: of a node on average."""
        ridge = np.full(len(self.left), penalty * rows * self.weight)
        ridge[-1] = CONSTANT_PENALTY * rows * self.weight
        return np.asarray(solve(self.left + np.diag(ridge), self.right, assume_a="sym"))


def node_weights(
    moment: np.ndarray, inverse: np.ndarray, diagonal: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    """Every node's weights [n, F, H], the shared ones and its deviation: ``C (m + K w)``.

    moment: X'Y [n, F, H]; a node without rows has the shared weights.
    """
    return np.asarray(inverse @ (moment + diagonal[:, None] * shared))
