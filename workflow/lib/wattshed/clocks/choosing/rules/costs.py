"""The setting of least energy, energy-delay product, or the workload's metric."""

import numpy as np

from wattshed.clocks.choosing.rules.limits import Limits
from wattshed.clocks.choosing.rules.metrics import METRICS
from wattshed.clocks.choosing.rules.protocol import Outcomes, lowest_cost


class ByMetric:
    """metric: a name of :mod:`wattshed.clocks.choosing.rules.metrics`; None: the one of the limits."""

    def __init__(self, metric: str | None, title: str) -> None:
        self.metric = metric
        self.title = title

    def pick(self, outcomes: Outcomes, allowed: np.ndarray, limits: Limits) -> np.ndarray:
        metric = METRICS[self.metric or limits.metric]
        cost = metric.cost(outcomes.energy, outcomes.time, 1 + limits.max_slowdown_share)
        return lowest_cost(cost, allowed)


ENERGY = ByMetric("energy", "least energy")
EDP = ByMetric("edp", "least energy-delay product E T")
ED2P = ByMetric("ed2p", "least energy-delay-squared product E T^2")
BY_METRIC = ByMetric(None, "the best value of its metric")
