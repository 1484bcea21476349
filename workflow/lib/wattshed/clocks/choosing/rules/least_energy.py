"""The setting of least energy within the slowdown limit, which is part of the rule."""

import numpy as np

from wattshed.clocks.choosing.rules.limits import Limits
from wattshed.clocks.choosing.rules.protocol import Outcomes, lowest_cost


class LeastEnergy:
    title = "least energy"
    limited = True

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        """Without other limits this one still holds: it is what tells this rule from ``energy``."""
        return lowest_cost(outcomes.energy, allowed & within_limit(outcomes, limits))


def within_limit(outcomes: Outcomes, limits: Limits) -> np.ndarray:
    """Whether a setting [B, C] keeps the slowdown limit in its draw."""
    reference = outcomes.time.min(axis=1, keepdims=True) if limits.relative_to == "fastest" else 1.0
    within: np.ndarray = outcomes.time <= (1 + limits.max_slowdown_share) * reference
    return within


RULE = LeastEnergy()
