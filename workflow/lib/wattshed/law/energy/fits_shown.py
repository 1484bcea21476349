"""What the figure of measured against predicted energies shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshed.law.energy.models import energy_model
from wattshed.law.energy.scores import Scores
from wattshed.law.energy.validation import leave_one_group_out, random_folds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from wattshed.law.energy.points import EnergyPoints


@dataclass(frozen=True)
class ShownFit:
    """One model's panel: measured and predicted energies [J], [N], the value left out for each, and scores.

    ``scores.label`` is ``selected by outcome`` where the points are.
    """

    model: str
    about: str
    before_run: bool
    measured_j: NDArray[np.float64]
    predicted_j: NDArray[np.float64]
    left_out: NDArray
    scores: Scores


def measured_against_predicted(
    points: EnergyPoints, models: Sequence[str], group: str | None = None
) -> list[ShownFit]:
    """Each model's predictions of steps that it did not see: of left-out groups, or of random folds without a group."""
    shown = []
    for name in models:
        model = energy_model(name)
        held = random_folds(model, points) if group is None else leave_one_group_out(model, points, group)
        shown.append(
            ShownFit(
                model=name,
                about=model.about,
                before_run=model.before_run,
                measured_j=points.energy_j,
                predicted_j=held.predicted_j,
                left_out=held.fold,
                scores=held.scores,
            )
        )
    return shown
