"""Predictions of several models or studies in one order, and which of them cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattshed.law.predicting.prediction import Cost, Prediction

QUANTITIES = ("training", "epoch", "step")


@dataclass(frozen=True)
class Candidate:
    """One model that could be trained.

    study: name of its configuration's study, or of its file; energy_status: of the power that its energy is reckoned
    with, ``measured`` or ``estimated``, empty where it is not known.
    """

    study: str
    prediction: Prediction
    energy_status: str = ""

    @property
    def name(self) -> str:
        return self.prediction.model


@dataclass(frozen=True)
class Place:
    """A candidate's place, 1 for the least energy.

    ratio: its energy over that of the first. with_first: whether its interval reaches the interval of the first, so
    that the order of the two is not shown. Both predictions come from one profile and share a part of their errors,
    so that intervals which are apart show an order, and intervals that meet do not exclude one.
    """

    rank: int
    candidate: Candidate
    cost: Cost
    ratio: float
    with_first: bool


def cost_of(prediction: Prediction, quantity: str) -> Cost | None:
    """The cost of a step, an epoch or a training; None where a model that is solved in closed form has none."""
    if quantity == "training":
        return prediction.training
    if prediction.epochs == 0:
        return None
    return prediction.epoch if quantity == "epoch" else prediction.step


def mass_g(prediction: Prediction, quantity: str) -> float | None:
    """Grams of CO2e of a step, an epoch or a training; None without such a cost, or where the place is unknown."""
    cost = cost_of(prediction, quantity)
    return (
        None if cost is None or prediction.mass_g_per_j is None else cost.energy_j * prediction.mass_g_per_j
    )


def rank(candidates: Sequence[Candidate], quantity: str = "training") -> list[Place]:
    """All candidates with such a cost, least energy first; equal energies keep their order.

    quantity: one of :data:`QUANTITIES`. Raises :class:`ValueError` for another one.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity is {quantity!r}; expected one of {', '.join(QUANTITIES)}")
    known = [(one, cost) for one in candidates if (cost := cost_of(one.prediction, quantity)) is not None]
    known.sort(key=lambda pair: pair[1].energy_j)
    if not known:
        return []
    first = known[0][1]
    return [
        Place(
            number,
            one,
            cost,
            cost.energy_j / first.energy_j if first.energy_j else 1.0,
            cost.energy_low_j <= first.energy_high_j,
        )
        for number, (one, cost) in enumerate(known, start=1)
    ]
