"""R2, mean absolute error and mean absolute relative error of predictions, with intervals over groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.energy.points import SELECTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Fewer groups than this say nothing of groups that were not seen.
FEWEST_GROUPS = 5
DRAWS = 1000


@dataclass(frozen=True)
class Measure:
    """A value with its 95 % interval over groups; None where there are fewer than five groups."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Scores:
    """How far predictions are from measured energies.

    r2: share of the variance that is explained. mae_j: mean absolute error [J]. mape: mean absolute relative error, a
    share of the measured energy. worst_share: the largest one. rows, groups: how many of each. selected_by_outcome: as
    of the points.
    """

    r2: Measure
    mae_j: Measure
    mape: Measure
    worst_share: float
    rows: int
    groups: int
    selected_by_outcome: bool

    @property
    def label(self) -> str:
        """What a table puts beside the numbers: ``selected by outcome``, or nothing."""
        return SELECTED if self.selected_by_outcome else ""


def score(
    measured_j: NDArray[np.float64],
    predicted_j: NDArray[np.float64],
    groups: NDArray | None = None,
    *,
    selected_by_outcome: bool = False,
    seed: int = 0,
) -> Scores:
    """Scores of predictions [N]; the intervals draw whole groups with replacement, since rows of one are alike."""
    if len(measured_j) == 0 or len(measured_j) != len(predicted_j):
        raise Fault(
            f"{len(measured_j)} measured and {len(predicted_j)} predicted energies cannot be compared: give one of "
            "each per step."
        )
    names, member = (
        np.unique(groups, return_inverse=True)
        if groups is not None
        else (np.zeros(1), np.zeros(len(measured_j), int))
    )
    errors = predicted_j - measured_j
    # Sums per group are all that the measures need: rows, energies, squares, and errors in three forms.
    parts = np.stack(
        [
            np.bincount(member, weights=values, minlength=len(names))
            for values in (
                np.ones(len(errors)),
                measured_j,
                measured_j**2,
                errors**2,
                np.abs(errors),
                np.abs(errors) / measured_j,
            )
        ],
        axis=1,
    )
    whole = _measures(parts.sum(axis=0))
    bounds: list[tuple[float, float] | tuple[None, None]] = [(None, None)] * 3
    if len(names) >= FEWEST_GROUPS:
        drawn = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
        low, high = np.quantile(_measures(parts[drawn].sum(axis=1)), [0.025, 0.975], axis=0)
        bounds = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    r2, mae, mape = (Measure(float(value), *ends) for value, ends in zip(whole, bounds, strict=True))
    worst = float((np.abs(errors) / measured_j).max())
    return Scores(r2, mae, mape, worst, len(errors), len(names), selected_by_outcome)


def _measures(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """R2, MAE and MAPE [..., 3] from sums [..., 6]; R2 is NaN where all energies are equal."""
    rows, energy, squares, error_squares, absolute, relative = np.moveaxis(sums, -1, 0)
    variance = squares - energy**2 / rows
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(variance > 1e-12 * squares, 1 - error_squares / variance, np.nan)
    return np.stack([r2, absolute / rows, relative / rows], axis=-1)
