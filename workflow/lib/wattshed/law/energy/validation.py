"""Predictions for steps that a model did not see: random folds, groups left out, and one random split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.energy.scores import Scores, score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattshed.law.energy.model import EnergyModel
    from wattshed.law.energy.points import EnergyPoints


@dataclass(frozen=True)
class HeldOut:
    """Energies of all steps, each predicted by a model that was fitted without its fold, with their scores.

    fold [N]: the number of the fold, or the value of the group, in which a step was left out.
    """

    model: str
    scheme: str
    predicted_j: NDArray[np.float64]
    fold: NDArray
    scores: Scores


def random_folds(
    model: EnergyModel, points: EnergyPoints, folds: int = 5, seed: int = 0, clusters: str | None = None
) -> HeldOut:
    """Random folds. clusters: the group by which the intervals draw, since rows of one configuration are alike."""
    if not 2 <= folds <= len(points):
        raise Fault(
            f"{points.source} has {len(points)} measured steps, which {folds} folds do not fit: take 2 "
            f"to {len(points)}."
        )
    fold = np.empty(len(points), dtype=np.int64)
    fold[np.random.default_rng(seed).permutation(len(points))] = np.arange(len(points)) % folds
    cluster = None if clusters is None else group_values(points, clusters)
    return _held_out(model, points, fold, f"random {folds} folds", cluster)


def leave_one_group_out(model: EnergyModel, points: EnergyPoints, group: str) -> HeldOut:
    """Each value of the group is predicted from all others; intervals draw values of the group."""
    values = group_values(points, group)
    if len(np.unique(values)) < 2:
        raise Fault(
            f"{points.source}: all steps have the same {group}, so that leaving it out leaves nothing: name a group "
            "with at least two values."
        )
    return _held_out(model, points, values, f"leave one {group} out", values)


def group_values(points: EnergyPoints, group: str) -> NDArray:
    """The values [N] of a group; Fault for one that the points do not have."""
    if group not in points.groups:
        raise Fault(
            f"{points.source} has no group {group!r}: name one of {', '.join(points.groups) or 'none'}, or add it."
        )
    return np.asarray(points.groups[group])


def _held_out(
    model: EnergyModel, points: EnergyPoints, fold: NDArray, scheme: str, clusters: NDArray | None
) -> HeldOut:
    predicted = np.empty(len(points))
    for train, test in _splits(fold):
        predicted[test] = model.fit(points.take(train)).predict(points.take(test))
    scores = score(points.energy_j, predicted, clusters, selected_by_outcome=points.selected_by_outcome)
    return HeldOut(model.name, scheme, predicted, fold, scores)


def _splits(fold: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    for value in np.unique(fold):
        yield fold != value, fold == value
