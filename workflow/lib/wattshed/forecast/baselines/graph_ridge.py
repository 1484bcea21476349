"""Ridge regression with the neighbours' history, solved in closed form."""

import numpy as np
import torch

from wattshed.data.graph import Graph
from wattshed.forecast.networks.linear_part import LinearPart
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries


class GraphRidge:
    """The linear part of a residual network alone: own and neighbours' look-back and last week, calendar."""

    def __init__(self, task: ForecastTask, graph: Graph) -> None:
        self._task = task
        self._graph = graph

    def fit(self) -> None:
        task = self._task
        series = ScaledSeries.make(task, self._graph.adjacency, "node", torch.device("cpu"))
        windows = task.windows
        linear = LinearPart(
            windows.look_back_steps,
            windows.horizon_steps,
            uses_graph=True,
            steps_per_hour=windows.steps_per_hour,
        )
        linear.solve(task, series)
        self._forecaster = NeuralForecaster(linear, series, windows.horizon_steps)

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        return self._forecaster.forecast(origins)
