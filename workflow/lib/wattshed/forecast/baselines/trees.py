"""Baselines of boosted trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.forecast.baselines.protocol import Baseline, BaselineFactory

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


# What the residual networks see, the node's identity too.
LIGHTGBM = BaselineFactory(_lightgbm)
# What the pooled ridge regression sees.
LIGHTGBM_RICH = BaselineFactory(_lightgbm_rich)
POOLED_TREES = BaselineFactory(_pooled_trees)
POOLED_STACK = BaselineFactory(_pooled_stack)
