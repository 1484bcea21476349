"""Baselines that repeat known hours or their means."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from wattshed.forecast.baselines.protocol import Baseline, BaselineFactory
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.data.graph import Graph
    from wattshed.forecast.protocol import ForecastTask


def _persistence(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.naive_forecasters import Persistence

    return Persistence(task)


def _seasonal(task: ForecastTask, graph: Graph, season_h: int) -> Baseline:
    from wattshed.forecast.baselines.naive_forecasters import SeasonalNaive

    return SeasonalNaive(task, season_h)


def _climatology(task: ForecastTask, graph: Graph) -> Baseline:
    from wattshed.forecast.baselines.naive_forecasters import Climatology

    return Climatology(task)


PERSISTENCE = BaselineFactory(_persistence, frozenset({Information.LOOK_BACK}))
SEASONAL_24H = BaselineFactory(partial(_seasonal, season_h=24), frozenset({Information.DAYS_BEFORE}))
SEASONAL_168H = BaselineFactory(partial(_seasonal, season_h=168), frozenset({Information.DAYS_BEFORE}))
CLIMATOLOGY = BaselineFactory(_climatology, frozenset({Information.CALENDAR, Information.NODE}))
