"""The knee of the Pareto front of energy and time, and the front itself.

The knee is the setting of the front furthest from the line between the front's ends, after both axes were scaled to
them (Das 1999, for two aims). The rule ``pareto`` reports the front, which is in every choice, and picks its knee.
"""

import numpy as np

from wattshed.clocks.choosing.rules.limits import Limits
from wattshed.clocks.choosing.rules.protocol import Outcomes, front, lowest_cost


class Knee:
    def __init__(self, title: str) -> None:
        self.title = title

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        members = front(outcomes, allowed)
        return lowest_cost(_scaled(outcomes.energy, members) + _scaled(outcomes.time, members), members)


def _scaled(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    """0 at the least and 1 at the largest value of the front, draw by draw; 0 where the front is one point."""
    low = np.where(members, values, np.inf).min(axis=1, keepdims=True)
    high = np.where(members, values, -np.inf).max(axis=1, keepdims=True)
    span = high - low
    known = np.isfinite(span) & (span > 0)
    scaled: np.ndarray = np.where(known, (values - np.where(known, low, 0)) / np.where(known, span, 1), 0.0)
    return scaled


KNEE = Knee("the knee of the Pareto front")
PARETO = Knee("the knee of the Pareto front, of which all settings are reported")
