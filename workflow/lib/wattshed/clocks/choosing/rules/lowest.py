"""The lowest setting within the slowdown limit, which is part of the rule: what the plan's selector wanted.

Below the knee of a workload the energy of a call rises again, so the lowest setting is not that of least energy.
"""

import numpy as np

from wattshed.clocks.choosing.rules.least_energy import within_limit
from wattshed.clocks.choosing.rules.limits import Limits
from wattshed.clocks.choosing.rules.protocol import Outcomes, lowest_cost


class Lowest:
    title = "the lowest one"
    limited = True

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        order = np.broadcast_to(outcomes.settings.astype(float), allowed.shape)
        return lowest_cost(order, allowed & within_limit(outcomes, limits))


RULE = Lowest()
