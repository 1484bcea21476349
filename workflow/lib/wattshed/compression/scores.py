"""Errors of a checkpoint on one part: all metrics, and the sums by day."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from wattshed.forecast.days import days_of
from wattshed.forecast.metrics import ErrorSums, metrics, sum_errors
from wattshed.forecast.protocol import Forecaster, ForecastTask


@dataclass(frozen=True)
class Score:
    """metrics: as ``forecast/metrics.py`` names them, None where undefined; days: rows of ``scores_by_day``."""

    metrics: dict[str, float | None]
    days: pd.DataFrame


def score(forecaster: Forecaster, task: ForecastTask, origins: np.ndarray, scale: np.ndarray) -> Score:
    """All metrics over the observed cells of the windows that start at ``origins`` [B], each forecast once.

    scale: of MASE per node [N]. All metrics are None where no cell was observed.
    """
    tally = _Tally(forecaster.forecast, task)
    days = days_of(tally, task, origins)
    return Score(tally.metrics(scale), days)


class _Tally:
    """Forecasts and adds up the sums of errors on the way."""

    def __init__(self, forecast: Callable[[np.ndarray], np.ndarray], task: ForecastTask) -> None:
        self._forecast = forecast
        self._task = task
        self._sums: ErrorSums | None = None

    def __call__(self, origins: np.ndarray) -> np.ndarray:
        made = self._forecast(origins)
        sums = sum_errors(made, *self._task.truth(origins))
        self._sums = sums if self._sums is None else _added(self._sums, sums)
        return made

    def metrics(self, scale: np.ndarray) -> dict[str, float | None]:
        return {} if self._sums is None else metrics(self._sums, scale)


def _added(first: ErrorSums, second: ErrorSums) -> ErrorSums:
    return ErrorSums(*(getattr(first, one.name) + getattr(second, one.name) for one in fields(ErrorSums)))
