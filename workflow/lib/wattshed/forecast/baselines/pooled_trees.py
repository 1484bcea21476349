"""The pooled ridge regression, and boosted trees on what it leaves over."""

import numpy as np
import torch
from torch import Tensor

from wattshed.data.graph import Graph
from wattshed.forecast.baselines.boosted_trees import COMMON, CPU, import_lightgbm
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.pooled.features import PooledFeatures, feature_groups, last_day
from wattshed.forecast.pooled.network import PooledRidge
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import Pairs, ScaledSeries

FOLDS = 6
# Every third window: neighbours in time are nearly the same.
EVERY = 3
PARAMETERS = {
    **COMMON,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.5,
    "max_bin": 63,
}
ROUNDS, STOP_AFTER = 600, 15


class PooledTrees:
    """A pooled ridge regression, and one LightGBM for all nodes and hours ahead on its cross-fitted residuals.

    Residuals of data that the regression learned would be too small, and the trees would stop at once: so each of six
    consecutive blocks of the training part is forecast by weights that were solved without it, which the sums allow
    without reading the data again.
    """

    def __init__(self, task: ForecastTask, graph: Graph) -> None:
        """Raises :class:`Fault` if LightGBM is not installed."""
        self._lightgbm = import_lightgbm("pooled_trees")
        self._task, self._graph = task, graph
        windows = task.windows
        self._groups = feature_groups(
            windows.look_back_steps,
            windows.horizon_steps,
            neighbours=True,
            steps_per_hour=windows.steps_per_hour,
        )

    def fit(self) -> None:
        task = self._task
        self._series = ScaledSeries.make(task, self._graph.adjacency, "node", CPU)
        self._ridge = self._solved()
        train = [self._rows(origins, ridge) for origins, ridge in self._folds()]
        check = self._rows(task.origins(task.splits.validation)[::EVERY], self._ridge)
        table, target, weight = (np.concatenate(parts) for parts in zip(*train, strict=True))
        identity = table.shape[1] - 1
        parameters = {**PARAMETERS, "num_threads": torch.get_num_threads()}
        data = self._lightgbm.Dataset(
            table, target, weight=weight, categorical_feature=[identity], params=parameters
        )
        self._trees = self._lightgbm.train(
            parameters,
            data,
            ROUNDS,
            valid_sets=[data.create_valid(check[0], check[1], weight=check[2])],
            callbacks=[self._lightgbm.early_stopping(STOP_AFTER, verbose=False)],
        ).free_dataset()

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        horizon, nodes = self._task.windows.horizon_steps, len(self._series.own)
        pairs = self._pairs(origins)
        scaled = self._scaled(self._ridge, pairs)
        left = self._trees.predict(self._table(pairs, scaled)).reshape(len(pairs), horizon)
        found = (scaled.numpy() + left).reshape(len(origins), nodes, horizon).transpose(0, 2, 1)
        return self._series.scaler.unscale(found.astype(np.float32))

    def _solved(self) -> PooledRidge:
        ridge = PooledRidge(
            PooledFeatures(self._groups),
            self._task.windows.horizon_steps,
            len(self._series.own),
            keep_sums=True,
        )
        NeuralForecaster(ridge, self._series, ridge.horizon_steps).solve(self._task)
        return ridge

    def _folds(self) -> list[tuple[np.ndarray, PooledRidge]]:
        """Every third origin of each block, and the ridge that was solved without the block."""
        blocks = np.array_split(self._task.origins(self._task.splits.train), FOLDS)
        return [
            (block[::EVERY], self._ridge.without(self._task, self._series, block))
            for block in blocks
            if len(block)
        ]

    def _pairs(self, origins: np.ndarray) -> Pairs:
        nodes = len(self._series.own)
        every = torch.from_numpy(np.ascontiguousarray(origins)).repeat_interleave(nodes)
        return self._series.pairs(torch.arange(nodes).repeat(len(origins)), every)

    @staticmethod
    @torch.no_grad()
    def _scaled(ridge: PooledRidge, pairs: Pairs) -> Tensor:
        return ridge(pairs)

    def _rows(self, origins: np.ndarray, ridge: PooledRidge) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Table [R, F], what the ridge leaves over [R], and weights [R]: a row for each pair and observed hour."""
        pairs, horizon = self._pairs(origins), self._task.windows.horizon_steps
        scaled = self._scaled(ridge, pairs)
        left = (pairs.targets(horizon) - scaled).numpy()
        seen = self._task.truth(origins)[1].transpose(0, 2, 1).reshape(left.shape)
        variances = np.square(self._series.scaler.deviation)[pairs.nodes.numpy()]
        weight = np.broadcast_to(variances[:, None], left.shape)
        return self._table(pairs, scaled)[seen.ravel()], left[seen], weight[seen]

    def _table(self, pairs: Pairs, scaled: Tensor) -> np.ndarray:
        """Features [M * H, F] of every pair and hour ahead; the last one is the node."""
        horizon = self._task.windows.horizon_steps
        groups = {group.name: group for group in self._groups}
        day, slot = last_day(pairs), pairs.series.slot[pairs.origins].float()
        statistics = groups["same_hours"].make(pairs).view(len(pairs), 4, -1)
        week = groups["days_before"].make(pairs)[:, :horizon]
        of_pair = torch.cat(
            [
                day[:, -6:],
                day.mean(dim=1, keepdim=True),
                pairs.aggregate[:, -2:],
                groups["panel_mean"].make(pairs)[:, 4:6],
                (slot % 24)[:, None],
                (slot // 24)[:, None],
            ],
            dim=1,
        )
        columns = []
        for hour in range(horizon):
            place = hour % statistics.shape[2]
            own = [scaled[:, hour], week[:, hour], day[:, hour % day.shape[1]], *statistics[:, :, place].T]
            columns.append(
                torch.cat(
                    [
                        torch.stack(own, dim=1),
                        of_pair,
                        torch.full((len(pairs), 1), float(hour)),
                        pairs.nodes[:, None].float(),
                    ],
                    dim=1,
                )
            )
        return torch.stack(columns, dim=1).reshape(len(pairs) * horizon, -1).numpy()
