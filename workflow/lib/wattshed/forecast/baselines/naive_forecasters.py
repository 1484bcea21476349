"""Forecasts that repeat known hours or their means."""

import numpy as np

from wattshed.data.similarity import hour_of_week, hour_of_week_means
from wattshed.forecast.protocol import ForecastTask


class Persistence:
    """Every hour ahead equals the last known hour."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        """Nothing to fit."""

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        last = self._task.filled[origins - 1]
        return np.repeat(last[:, None, :], self._task.windows.horizon_h, axis=1)


class SeasonalNaive:
    """Every hour ahead equals the latest known hour that is a whole number of seasons before it."""

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
    """Every hour ahead is the mean of the training part at the same hour of the local week."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        means = hour_of_week_means(self._task.panel, self._task.splits.train)
        self._means = means.astype(np.float32)
        self._hour_of_week = hour_of_week(self._task.panel)

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        hours = origins[:, None] + np.arange(self._task.windows.horizon_h)[None, :]
        return self._means[self._hour_of_week[hours]]
