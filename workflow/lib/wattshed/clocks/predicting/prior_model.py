"""What other workloads teach: a joint normal law of features and of the logarithms of both relative curves.

The law's mean and shrunken covariance come from the training cells; conditioned on the probes of a new cell it gives
both curves with their uncertainty. This is Gaussian-process regression with an empirical kernel (Rasmussen and Williams
2006, chapter 2). Shrinkage and caution are chosen by leaving out one training family after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattshed.clocks.predicting.cell_curve import CellCurve, common_shares, probes_of

LEAST_CELLS = 3
SHRINKAGES = (0.02, 0.1, 0.3, 0.6)
CAUTIONS = (0.0, 0.5, 1.0, 1.5)
# A probe's time and power scatter by about a percent on quiet machines.
PROBE_SD = 0.01


@dataclass(frozen=True)
class Forecast:
    """Relative to the maximum, at the shares that were asked for [C]; sd: of the logarithms."""

    time: np.ndarray
    power: np.ndarray
    time_sd: np.ndarray


@dataclass(frozen=True)
class Tuning:
    """shrinkage: of the covariance; caution: standard deviations that are added to a predicted time before it is held
    against the limit."""

    shrinkage: float
    caution: float


class PriorModel:
    """Learnt from at least three cells; raises :class:`ValueError` for fewer."""

    def __init__(self, training: Sequence[CellCurve], shrinkage: float) -> None:
        if len(training) < LEAST_CELLS:
            raise ValueError(f"{len(training)} cells; expected at least {LEAST_CELLS} to learn from")
        self._grid = common_shares(training)
        self._largest_w: dict[str, float] = {}
        for curve in training:
            self._largest_w[curve.gpu] = max(self._largest_w.get(curve.gpu, 0.0), float(curve.power_w[-1]))
        self._typical_w = float(np.median(list(self._largest_w.values())))
        self.shrinkage = shrinkage
        rows = np.stack([self._vector(curve) for curve in training])
        self._mean = rows.mean(axis=0)
        spread = rows - self._mean
        covariance = spread.T @ spread / (len(rows) - 1)
        # Towards independent values of equal variance, which keeps the matrix regular with few cells.
        size = np.diag(covariance).mean()
        self._covariance = (1 - self.shrinkage) * covariance + self.shrinkage * _smooth(self._grid, size)

    def predict(self, curve: CellCurve, probes: Sequence[int], shares: np.ndarray) -> Forecast:
        """Both curves of a cell of which only the probes (places; the maximum among them) are known."""
        points = len(self._grid)
        known = np.array([probe for probe in probes if probe != len(curve.settings) - 1], dtype=int)
        reference_s, reference_w = curve.probe_time_s[-1], curve.probe_power_w[-1]
        # One row per value that is seen: the feature, then the probes' times and powers.
        seen = [np.eye(1, 1 + 2 * points)[0]]
        values = [self._feature(curve)]
        for place in known:
            weights = _weights(self._grid, float(curve.shares[place]))
            for offset, measured in (
                (1, np.log(curve.probe_time_s[place] / reference_s)),
                (1 + points, np.log(curve.probe_power_w[place] / reference_w)),
            ):
                row = np.zeros(1 + 2 * points)
                row[offset : offset + points] = weights
                seen.append(row)
                values.append(float(measured))
        observe = np.stack(seen)
        # A probe is divided by the maximum's, which scatters as well.
        noise = np.diag([0.05**2] + [2 * PROBE_SD**2] * (len(seen) - 1))
        gain = self._covariance @ observe.T @ np.linalg.inv(observe @ self._covariance @ observe.T + noise)
        mean = self._mean + gain @ (np.array(values) - observe @ self._mean)
        left = self._covariance - gain @ observe @ self._covariance
        at = np.stack([_weights(self._grid, float(share)) for share in shares])
        times, powers = at @ mean[1 : 1 + points], at @ mean[1 + points :]
        variance = np.einsum("cg,gh,ch->c", at, left[1 : 1 + points, 1 : 1 + points], at)
        return Forecast(np.exp(times), np.exp(powers), np.sqrt(np.maximum(variance, 0)))

    def _feature(self, curve: CellCurve) -> float:
        """Power at the maximum against that of the GPU's hungriest known cell; of a new GPU, against a typical one."""
        largest_w = self._largest_w.get(curve.gpu, self._typical_w)
        return float(np.log(curve.probe_power_w[-1] / largest_w))

    def _vector(self, curve: CellCurve) -> np.ndarray:
        """The feature, log time and log power on the grid [1 + 2 G]."""
        times = np.interp(self._grid, curve.shares, np.log(curve.time_s / curve.time_s[-1]))
        powers = np.interp(self._grid, curve.shares, np.log(curve.power_w / curve.power_w[-1]))
        return np.concatenate([[self._feature(curve)], times, powers])


def _weights(grid: np.ndarray, share: float) -> np.ndarray:
    """Linear interpolation on the grid as a row of weights; constant beyond its ends."""
    return np.array([np.interp(share, grid, unit) for unit in np.eye(len(grid))])


def _smooth(grid: np.ndarray, size: float) -> np.ndarray:
    """A prior of smooth curves that vanish at the maximum; the feature is independent of them."""
    distance = np.abs(grid[:, None] - grid[None]) / max(float(np.ptp(grid)), 1e-9)
    fade = (1 - grid) / max(float(1 - grid[0]), 1e-9)
    kernel = size * np.exp(-0.5 * (distance / 0.5) ** 2) * np.outer(fade, fade)
    points = len(grid)
    whole = np.zeros((1 + 2 * points, 1 + 2 * points))
    whole[0, 0] = size
    whole[1 : 1 + points, 1 : 1 + points] = whole[1 + points :, 1 + points :] = kernel
    return whole


def pick_within(forecast: Forecast, caution: float, max_slowdown_share: float) -> int:
    """The place of least predicted energy whose cautious time is within the limit, which the maximum always is."""
    within = forecast.time * np.exp(caution * forecast.time_sd) <= 1 + max_slowdown_share
    within[-1] = True
    return int(np.where(within, forecast.time * forecast.power, np.inf).argmin())


def tune(training: Sequence[CellCurve], probe_shares: Sequence[float], max_slowdown_share: float) -> Tuning:
    """The tuning whose picks save most on left-out training families; a pick that breaks the limit saves nothing."""
    saved = {Tuning(shrinkage, caution): 0.0 for shrinkage in SHRINKAGES for caution in CAUTIONS}
    for family in sorted({curve.family for curve in training}):
        kept = [curve for curve in training if curve.family != family]
        if len(kept) < LEAST_CELLS:
            continue
        for shrinkage in SHRINKAGES:
            model = PriorModel(kept, shrinkage)
            for curve in training:
                if curve.family != family:
                    continue
                forecast = model.predict(curve, probes_of(curve, probe_shares), curve.shares)
                for caution in CAUTIONS:
                    place = pick_within(forecast, caution, max_slowdown_share)
                    if curve.slowdown(place) <= max_slowdown_share:
                        saved[Tuning(shrinkage, caution)] += curve.saving(place)
    return max(saved, key=lambda tuning: saved[tuning])
