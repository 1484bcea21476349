"""Epsilon constraint: the least time under a bound of energy, or the least energy under a bound of time (Haimes, Lasdon
and Wismer 1971). Bounds are relative to the maximum."""

import numpy as np

from wattshed.clocks.choosing.rules.limits import Limits
from wattshed.clocks.choosing.rules.protocol import Outcomes, lowest_cost

# Where the limits state neither bound.
MOST_ENERGY_SHARE = 0.9


class Epsilon:
    title = "the least time (or energy) under a bound of energy (or time)"

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        if limits.most_time_share is not None:
            return lowest_cost(outcomes.energy, allowed & (outcomes.time <= limits.most_time_share))
        most = MOST_ENERGY_SHARE if limits.most_energy_share is None else limits.most_energy_share
        return lowest_cost(outcomes.time, allowed & (outcomes.energy <= most))


RULE = Epsilon()
