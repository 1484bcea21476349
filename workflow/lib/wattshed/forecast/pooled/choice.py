"""The penalties whose error on the validation part is the least, found by steps on a grid that has no end."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wattshed.forecast.pooled.solution import Penalties, SharedSystem, inverses, node_weights
from wattshed.forecast.pooled.sums import NodeSums

# The grid's steps: 1, 3, 10, 30, ... The search ends where no neighbour is better, or at these powers of ten.
START = Penalties(free=0.03, tied=1.0, shared=0.01)
SHARED = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
LEAST, MOST = 1e-4, 1e5


@dataclass(frozen=True)
class Choice:
    """The chosen penalties, their squared error on the validation part per cell, and the number of candidates."""

    penalties: Penalties
    squared_error: float
    tried: int


def choose_penalties(
    train: NodeSums, validation: NodeSums, free: np.ndarray, variances: np.ndarray, rows: float
) -> Choice:
    """Descend from :data:`START`: go to a neighbour with a lesser error, until there is none.

    free: bool [F]; variances: [n]; rows: of a node on average, which penalties are stated for. The error is infinite
    if the validation part has no row.
    """
    known: dict[tuple[float, float], tuple[float, float]] = {}

    def judged(at: tuple[float, float]) -> tuple[float, float]:
        if at not in known:
            known[at] = _best_shared(train, validation, free, variances, rows, *at)
        return known[at]

    here = (START.free, START.tied)
    while better := next((at for at in _neighbours(*here) if judged(at)[0] < judged(here)[0]), None):
        here = better
    error, shared = judged(here)
    return Choice(Penalties(*here, shared), error, len(known) * len(SHARED))


def _best_shared(
    train: NodeSums,
    validation: NodeSums,
    free: np.ndarray,
    variances: np.ndarray,
    rows: float,
    free_penalty: float,
    tied_penalty: float,
) -> tuple[float, float]:
    """Least squared error per cell over the penalties of the shared weights, and that penalty."""
    diagonal = Penalties(free_penalty, tied_penalty, 0.0).of_deviations(free, rows)
    inverse = inverses(train, diagonal)
    system = SharedSystem.empty(*train.moment.shape[1:])
    system.add(train, inverse, diagonal, variances)
    cells = validation.rows.sum() * train.moment.shape[2]
    if not cells:
        return math.inf, START.shared
    found = []
    for penalty in SHARED:
        shared = system.solve(penalty, rows)
        weights = node_weights(train.moment, inverse, diagonal, shared)
        found.append((float(variances @ validation.squared_error(weights)) / cells, penalty))
    return min(found)


def _neighbours(free: float, tied: float) -> Iterator[tuple[float, float]]:
    for steps in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        at = stepped(free, steps[0]), stepped(tied, steps[1])
        if all(LEAST <= value <= MOST for value in at):
            yield at


def stepped(value: float, steps: int) -> float:
    """The next value of 1, 3, 10, 30, ...; the same value is always the same number."""
    place = round(2 * math.log10(value)) + steps
    return float(f"{(1, 3)[place % 2]}e{place // 2}")
