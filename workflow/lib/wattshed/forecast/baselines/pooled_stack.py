"""A stack of the pooled ridge regression with trees, and of boosted trees alone."""

import numpy as np
from scipy.optimize import nnls

from wattshed.data.graph import Graph
from wattshed.forecast.baselines.boosted_trees import RICH, BoostedTrees, rich_features
from wattshed.forecast.baselines.pooled_trees import PooledTrees
from wattshed.forecast.baselines.protocol import Baseline
from wattshed.forecast.protocol import ForecastTask


class PooledStack:
    """Both forecasts with weights that are not negative, one for each hour ahead, solved on the validation part.

    The validation part also chose penalties and rounds of both, so the weights are a little too sure of it. Stacked
    regressions are Breiman's (1996, Machine Learning 24).
    """

    def __init__(self, task: ForecastTask, graph: Graph) -> None:
        """Raises :class:`Fault` if LightGBM is not installed."""
        self._task = task
        self._parts: list[Baseline] = [
            PooledTrees(task, graph),
            BoostedTrees(task, graph, name="pooled_stack", features=rich_features, settings=RICH),
        ]

    def fit(self) -> None:
        for part in self._parts:
            part.fit()
        origins = self._task.origins(self._task.splits.validation)
        truth, seen = self._task.truth(origins)
        made = [part.forecast(origins) for part in self._parts]
        self._weights = np.stack(
            [
                nnls(
                    np.stack([one[:, hour][seen[:, hour]] for one in made], axis=1).astype(np.float64),
                    truth[:, hour][seen[:, hour]].astype(np.float64),
                )[0]
                for hour in range(truth.shape[1])
            ],
            axis=1,
        ).astype(np.float32)

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        made = [part.forecast(origins) for part in self._parts]
        result: np.ndarray = sum(
            weight[None, :, None] * one for weight, one in zip(self._weights, made, strict=True)
        )
        return result
