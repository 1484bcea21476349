"""Forecasts that repeat known hours or their means."""

import numpy as np

from wattshed.data.similarity import step_of_week, step_of_week_means
from wattshed.forecast.protocol import ForecastTask


class Persistence:
    """Every step ahead equals the last known step."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        """Nothing to fit."""

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        last = self._task.filled[origins - 1]
        return np.repeat(last[:, None, :], self._task.windows.horizon_steps, axis=1)


class SeasonalNaive:
    """Every step ahead equals the latest known step that is a whole number of seasons before it."""

    def __init__(self, task: ForecastTask, season_h: int) -> None:
        self._task = task
        self._season_steps = season_h * task.panel.steps_per_hour

    def fit(self) -> None:
        """Nothing to fit."""

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        ahead = np.arange(self._task.windows.horizon_steps)
        seasons_back = ahead // self._season_steps + 1
        steps = origins[:, None] + (ahead - seasons_back * self._season_steps)[None, :]
        return self._task.filled[steps]


class Climatology:
    """Every step ahead is the mean of the training part at the same step of the local week."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        means = step_of_week_means(self._task.panel, self._task.splits.train)
        self._means = means.astype(np.float32)
        self._step_of_week = step_of_week(self._task.panel)

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        steps = origins[:, None] + np.arange(self._task.windows.horizon_steps)[None, :]
        return self._means[self._step_of_week[steps]]
