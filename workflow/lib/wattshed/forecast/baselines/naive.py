"""Forecasters that need no gradient: what nobody wants to lose to."""

from typing import Protocol

import numpy as np

from wattshed.data.graph import Graph
from wattshed.data.similarity import hour_of_week, hour_of_week_means
from wattshed.forecast.baselines.ridge import Ridge
from wattshed.forecast.protocol import Forecaster, ForecastTask


class Baseline(Forecaster, Protocol):
    def fit(self) -> None:
        """Fit on the task's training part."""
        ...


class Persistence:
    """Every hour ahead is like the last one."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        """Nothing to fit."""

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        last = self._task.filled[origins - 1]
        return np.repeat(last[:, None, :], self._task.windows.horizon_h, axis=1)


class SeasonalNaive:
    """Every hour ahead is like the latest known hour a whole number of seasons before it."""

    def __init__(self, task: ForecastTask, season_h: int) -> None:
        self._task = task
        self._season_h = season_h

    def fit(self) -> None:
        """Nothing to fit."""

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        ahead = np.arange(self._task.windows.horizon_h)
        seasons_back = ahead // self._season_h + 1
        hours = origins[:, None] + (ahead - seasons_back * self._season_h)[None, :]
        return self._task.filled[hours]


class Climatology:
    """Every hour ahead is the training part's mean of its hour of the local week."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        means = hour_of_week_means(self._task.panel, self._task.splits.train)
        self._means = means.astype(np.float32)
        self._hour_of_week = hour_of_week(self._task.panel)

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        hours = origins[:, None] + np.arange(self._task.windows.horizon_h)[None, :]
        return self._means[self._hour_of_week[hours]]


def make_baseline(name: str, task: ForecastTask, graph: Graph) -> Baseline:
    """One of ``config.study.Baseline`` by name, not yet fitted. Raises :class:`Fault` where a package is missing."""
    if name == "persistence":
        return Persistence(task)
    if name == "seasonal_24h":
        return SeasonalNaive(task, 24)
    if name == "seasonal_168h":
        return SeasonalNaive(task, 168)
    if name == "climatology":
        return Climatology(task)
    if name == "ridge":
        return Ridge(task)
    if name in ("ridge_graph", "lightgbm"):
        # Late: they need torch, the others do not.
        from wattshed.forecast.baselines.feature_models import BoostedTrees, GraphRidge

        return GraphRidge(task, graph) if name == "ridge_graph" else BoostedTrees(task, graph)
    raise ValueError(f"unknown baseline {name!r}")
