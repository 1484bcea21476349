"""Baselines in closed form: ridge regressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.forecast.baselines.protocol import Baseline, BaselineFactory
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.data.graph import Graph
    from wattshed.forecast.protocol import ForecastTask


def _ridge(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.ridge import Ridge

    return Ridge(task)


def _ridge_graph(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.graph_ridge import GraphRidge

    return GraphRidge(task, graph)


OWN = frozenset({Information.LOOK_BACK, Information.DAYS_BEFORE, Information.CALENDAR})

RIDGE = BaselineFactory(_ridge, OWN)
RIDGE_GRAPH = BaselineFactory(_ridge_graph, OWN | {Information.NEIGHBOURS})
