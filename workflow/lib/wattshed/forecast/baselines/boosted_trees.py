"""Gradient-boosted trees on the features of the linear part."""

from functools import cached_property
from typing import Any

import numpy as np
import torch

from wattshed.data.graph import Graph
from wattshed.forecast.networks.linear_part import LinearPart
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault

CPU = torch.device("cpu")
PAIRS_PER_BLOCK = 65_536
# LightGBM's defaults, except for more samples per leaf, as in the reference runs. Training stops early on the
# validation part.
TREES = {
    "n_estimators": 300,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 50,
    "verbosity": -1,
}
STOP_AFTER = 20


class BoostedTrees:
    """LightGBM (Ke et al. 2017) on the features of the baseline ``ridge_graph``, one model per hour ahead."""

    def __init__(self, task: ForecastTask, graph: Graph) -> None:
        """Raises :class:`Fault` if LightGBM is not installed."""
        try:
            import lightgbm
        except ImportError as error:
            raise Fault(
                "the baseline 'lightgbm' needs the package lightgbm, which is not installed: pip install "
                "'wattshed[lightgbm]', or remove it from baselines."
            ) from error
        self._lightgbm: Any = lightgbm
        self._task = task
        self._graph = graph

    def fit(self) -> None:
        task, horizon = self._task, self._task.windows.horizon_h
        self._series = ScaledSeries.make(task, self._graph.adjacency, "node", CPU)
        train, check = (
            self._table(task.origins(part)) for part in (task.splits.train, task.splits.validation)
        )
        self._models = []
        for hour in range(horizon):
            data, seen = self._of_hour(train, hour), self._of_hour(check, hour)
            model = self._lightgbm.LGBMRegressor(
                **TREES,
                n_jobs=torch.get_num_threads(),
                random_state=0,
                deterministic=True,
                force_row_wise=True,
            )
            stopping = self._lightgbm.early_stopping(STOP_AFTER, verbose=False)
            self._models.append(model.fit(*data, eval_set=[seen], callbacks=[stopping]))

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        nodes, horizon = len(self._series.own), self._task.windows.horizon_h
        features, _, _ = self._table(origins)
        scaled = np.stack([model.booster_.predict(features) for model in self._models])
        scaled = scaled.reshape(horizon, len(origins), nodes).transpose(1, 0, 2).astype(np.float32)
        return self._series.scaler.unscale(scaled)

    @cached_property
    def _features(self) -> LinearPart:
        windows = self._task.windows
        return LinearPart(windows.look_back_h, windows.horizon_h, uses_graph=True)

    def _table(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features [B * N, F], scaled targets and their observed mask [B * N, H]."""
        count, horizon = len(self._series.own), self._task.windows.horizon_h
        nodes = torch.arange(count).repeat(len(origins))
        hours = torch.from_numpy(np.ascontiguousarray(origins)).repeat_interleave(count)
        parts = []
        for start in range(0, len(nodes), PAIRS_PER_BLOCK):
            part = slice(start, start + PAIRS_PER_BLOCK)
            pairs = self._series.pairs(nodes[part], hours[part])
            parts.append(self._features.features(pairs).numpy())
        every = self._series.pairs(nodes, hours)
        seen = self._task.truth(origins)[1].transpose(0, 2, 1).reshape(-1, horizon)
        return np.concatenate(parts), every.targets(horizon).numpy(), seen

    @staticmethod
    def _of_hour(
        table: tuple[np.ndarray, np.ndarray, np.ndarray], hour: int
    ) -> tuple[np.ndarray, np.ndarray]:
        features, targets, seen = table
        rows = seen[:, hour]
        return features[rows], targets[rows, hour]
