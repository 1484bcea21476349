"""Baselines of boosted trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.forecast.baselines.protocol import Baseline, BaselineFactory
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.data.graph import Graph
    from wattshed.forecast.protocol import ForecastTask


def _lightgbm(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.boosted_trees import PLAIN, BoostedTrees, linear_features

    return BoostedTrees(task, graph, name="lightgbm", features=linear_features, settings=PLAIN)


def _lightgbm_rich(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.boosted_trees import RICH, BoostedTrees, rich_features

    return BoostedTrees(task, graph, name="lightgbm_rich", features=rich_features, settings=RICH)


def _pooled_trees(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.pooled_trees import PooledTrees

    return PooledTrees(task, graph)


def _pooled_stack(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.pooled_stack import PooledStack

    return PooledStack(task, graph)


# All that our own models see, the node's identity too.
SEEN = frozenset(Information) - {Information.WEATHER}
# The features of the residual networks' linear part.
LIGHTGBM = BaselineFactory(_lightgbm, SEEN)
# Those of the pooled ridge regression.
LIGHTGBM_RICH = BaselineFactory(_lightgbm_rich, SEEN)
POOLED_TREES = BaselineFactory(_pooled_trees, SEEN)
POOLED_STACK = BaselineFactory(_pooled_stack, SEEN)
