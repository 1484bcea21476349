"""The baseline of boosted trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.forecast.baselines.protocol import Baseline, BaselineFactory
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.data.graph import Graph
    from wattshed.forecast.protocol import ForecastTask


def _lightgbm(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.boosted_trees import BoostedTrees

    return BoostedTrees(task, graph)


LIGHTGBM = BaselineFactory(_lightgbm, frozenset(Information) - {Information.NODE, Information.WEATHER})
