"""Linear models of energy: least squares, ridge, and both without negative coefficients.

Every fit is on columns divided by their spread, so that predictions do not depend on the unit of a duration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattshed.law.energy.points import EnergyPoints


@dataclass(frozen=True)
class LinearEnergy:
    """``intercept_j`` [J] plus the sum of coefficients times predictors; coefficients in J per unit of a predictor."""

    intercept_j: float
    coefficients: Mapping[str, float]

    def predict(self, points: EnergyPoints) -> NDArray[np.float64]:
        energy = np.full(len(points), self.intercept_j)
        for name, coefficient in self.coefficients.items():
            energy += coefficient * points.column(name)
        return energy


@dataclass(frozen=True)
class Ridge:
    """Least squares with the penalty ``strength`` times the squared coefficients of standardised columns.

    strength 0: ordinary least squares; where columns depend on each other, the solution of least norm, which gives
    identical columns equal coefficients. The intercept is not penalised.
    """

    name: str
    about: str
    strength: float = 0.0
    before_run: bool = True
    refit: bool = True

    def fit(self, points: EnergyPoints) -> LinearEnergy:
        need_rows(points, self.name)
        x, y = points.predictors, points.energy_j
        centre, spread = x.mean(axis=0), spreads(x)
        z, target = (x - centre) / spread, y - y.mean()
        if self.strength > 0:
            penalised = z.T @ z + self.strength * np.eye(z.shape[1])
            slopes = np.linalg.solve(penalised, z.T @ target)
        else:
            # Columns that agree to 1e-10 are one column: their difference is rounding.
            slopes = np.linalg.lstsq(z, target, rcond=1e-10)[0]
        coefficients = slopes / spread
        return LinearEnergy(float(y.mean() - centre @ coefficients), named(points, coefficients))


@dataclass(frozen=True)
class NonNegative:
    """Least squares in which no coefficient and no intercept is negative (Lawson and Hanson 1974).

    An operation cannot give energy back. strength: ridge penalty on coefficients of columns divided by their spread.
    relative: errors count relative to the measured energy, so that small steps count as much as large ones.
    """

    name: str
    about: str
    strength: float = 0.0
    relative: bool = False
    before_run: bool = True
    refit: bool = True

    def fit(self, points: EnergyPoints) -> LinearEnergy:
        from scipy.optimize import nnls

        need_rows(points, self.name)
        x, y = points.predictors, points.energy_j
        spread, level = spreads(x), float(y.mean())
        weights = y.mean() / y if self.relative else np.ones(len(y))
        design = np.column_stack([np.ones(len(y)), x / spread]) * weights[:, None]
        target = y / level * weights
        if self.strength > 0:
            penalty = np.sqrt(self.strength) * np.eye(design.shape[1])[1:]
            design = np.vstack([design, penalty])
            target = np.concatenate([target, np.zeros(len(penalty))])
        found = nnls(design, target)[0] * level
        return LinearEnergy(float(found[0]), named(points, found[1:] / spread))


def spreads(predictors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of each column [P]; for a constant one 1, as nothing could be divided by 0."""
    spread = predictors.std(axis=0)
    scale = np.abs(predictors).max(axis=0)
    return np.where(spread > 1e-12 * scale, spread, np.where(scale > 0, scale, 1.0))


def named(points: EnergyPoints, coefficients: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(points.predictor_names, map(float, coefficients), strict=True))


def need_rows(points: EnergyPoints, model: str, columns: int | None = None) -> None:
    """Refuse fewer rows than coefficients (columns, the intercept with them; default: of the predictors)."""
    needed = columns if columns is not None else points.predictors.shape[1] + 1
    if len(points) < needed:
        raise Fault(
            f"{points.source}: {model} fits {needed} coefficients, but there are {len(points)} measured steps: measure "
            f"at least {needed}."
        )
