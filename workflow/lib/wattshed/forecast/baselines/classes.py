"""Controls of labelled windows: baselines that give probabilities of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.forecast.baselines.protocol import Baseline, BaselineFactory
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.data.graph import Graph
    from wattshed.forecast.protocol import ForecastTask


def _majority(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.class_shares import ClassShares

    return ClassShares(task)


def _logistic_connectivity(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.connectivity_regression import ConnectivityRegression

    return ConnectivityRegression(task)


MAJORITY = BaselineFactory(_majority, frozenset({Information.NODE}), of_classes=True)
LOGISTIC_CONNECTIVITY = BaselineFactory(
    _logistic_connectivity, frozenset({Information.LOOK_BACK, Information.NODE}), of_classes=True
)
