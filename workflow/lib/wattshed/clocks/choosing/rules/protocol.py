"""What a rule sees and answers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wattshed.clocks.choosing.rules.limits import Limits


@dataclass(frozen=True)
class Outcomes:
    """Energy and time of a call at each setting [C], ascending, in each draw [B, C], both relative to the maximum (the
    last setting, where both are 1). Row 0 is the data, the others are its bootstrap draws."""

    settings: np.ndarray
    energy: np.ndarray
    time: np.ndarray


class Rule(Protocol):
    """``title``: the rule in words, such as "least energy".

    A rule that has ``limited = True`` keeps the slowdown limit by itself, whatever is allowed.
    """

    title: str

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        """Place of the picked setting in each draw [B], one that is ``allowed`` [B, C]; -1 where the rule finds none.

        The same rule picks in every draw, so that the interval of the choice is the rule's own.
        """
        ...


def lowest_cost(cost: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Place of the lowest cost [B, C] among the allowed, of equal ones the highest setting; -1 where none is."""
    reversed_cost = np.where(allowed, cost, np.inf)[:, ::-1]
    best = cost.shape[1] - 1 - reversed_cost.argmin(axis=1)
    return np.where(allowed.any(axis=1), best, -1)


def front(outcomes: Outcomes, allowed: np.ndarray) -> np.ndarray:
    """Whether a setting is allowed and no allowed one is at least as good in energy and time and better in one."""
    members = allowed.copy()
    for place in range(outcomes.energy.shape[1]):
        energy, time = outcomes.energy[:, [place]], outcomes.time[:, [place]]
        no_worse = (energy <= outcomes.energy) & (time <= outcomes.time)
        better = (energy < outcomes.energy) | (time < outcomes.time)
        members &= ~(no_worse & better & allowed[:, [place]])
    return members
