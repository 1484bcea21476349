"""How a GPU may deviate from any law: not at all, smoothly over the settings, or at each setting by itself."""

from dataclasses import dataclass

import numpy as np

# Reach of a smooth deviation, in the logarithm of the setting.
REACH = 0.5
JITTER = 1e-10


@dataclass(frozen=True)
class Kind:
    """deviation: standard deviation as a share; reach: in the logarithm of the setting, 0 for each setting by itself;
    weight: how far it is believed before any measurement."""

    deviation: float
    reach: float
    weight: float


DEVIATIONS = (
    Kind(0.0, 0.0, 0.5),
    Kind(0.01, REACH, 0.3),
    Kind(0.03, REACH, 0.15),
    Kind(0.02, 0.0, 0.03),
    Kind(0.08, 0.0, 0.02),
)


class Deviations:
    """A Gaussian process of relative deviations, seen through the noise of the measured settings.

    share [L]: settings over the maximum, the J measured ones first; variances [J]: of their means.
    """

    def __init__(self, kind: Kind, share: np.ndarray, variances: np.ndarray) -> None:
        count = len(variances)
        distance = np.log(share)[:, None] - np.log(share)[None, :]
        alike = np.exp(-((distance / kind.reach) ** 2) / 2) if kind.reach else np.eye(len(share))
        own = kind.deviation**2 * alike
        seen = own[:count, :count] + np.diag(variances)
        root = np.linalg.cholesky(seen)
        self.log_weight = float(np.log(kind.weight))
        self.log_volume = float(2 * np.log(np.diag(root)).sum())
        self.variance = kind.deviation**2
        self.whitening = np.linalg.inv(root)
        self._none = kind.deviation == 0
        half = self.whitening @ own[:count]
        self._gain = self.whitening.T @ half
        self._left = own - half.T @ half

    def draw(self, residuals: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Deviations [B, L] given those of the measured settings from their law, noise included [B, J].

        normal [B, L]: independent standard normal numbers.
        """
        if self._none:
            return np.zeros_like(normal)
        jitter = JITTER * self.variance * np.eye(len(self._left))
        root = np.linalg.cholesky(self._left + jitter)
        return np.asarray(residuals @ self._gain + normal @ root.T)
