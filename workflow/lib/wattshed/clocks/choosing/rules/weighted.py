"""The setting of the least weighted sum w_e E/E_max + w_t T/T_max, where E_max and T_max are the maximum setting's."""

import numpy as np

from wattshed.clocks.choosing.rules.limits import Limits
from wattshed.clocks.choosing.rules.protocol import Outcomes, lowest_cost


class Weighted:
    title = "the least weighted sum of energy and time"

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        cost = limits.energy_weight * outcomes.energy + limits.time_weight * outcomes.time
        return lowest_cost(cost, allowed)


RULE = Weighted()
