"""Gradient-boosted trees with the information that our own models have, one model per step ahead."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wattshed.data.graph import Graph
from wattshed.forecast.networks.linear_part import LinearPart
from wattshed.forecast.pooled.features import PooledFeatures, feature_groups
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import Pairs, ScaledSeries
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import step_words

CPU = torch.device("cpu")
PAIRS_PER_BLOCK = 65_536
# Groups of the pooled ridge that trees cannot make themselves by splitting on the hour.
RICH_GROUPS = (
    *("look_back", "days_before", "neighbours_look_back", "neighbours_days_before", "panel_mean"),
    *("hour", "weekday", "hinges", "same_hours", "constant"),
)


@dataclass(frozen=True)
class TreeSettings:
    """parameters: of LightGBM; rounds: most of them; stop_after: rounds without a better validation error;
    weighted: whether a node counts by the variance of its load, so that the loss is the error in the panel's unit.
    """

    parameters: dict[str, Any]
    rounds: int
    stop_after: int
    weighted: bool


COMMON = {
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "objective": "regression",
}
# LightGBM's defaults, except for more samples per leaf.
PLAIN = TreeSettings(
    {**COMMON, "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 50}, 300, 20, weighted=False
)
# Chosen on the validation part of the homes from 32 points: docs/ladder/tuning_trees.json.
RICH = TreeSettings(
    {
        **COMMON,
        "learning_rate": 0.05,
        "num_leaves": 127,
        "min_data_in_leaf": 100,
        "feature_fraction": 0.5,
        "max_bin": 63,
    },
    3000,
    20,
    weighted=True,
)


def import_lightgbm(baseline: str) -> Any:
    """Raises :class:`Fault` if LightGBM is not installed."""
    try:
        import lightgbm
    except ImportError as error:
        raise Fault(
            f"the baseline {baseline!r} needs the package lightgbm, which is not installed: pip install "
            "'wattshed[lightgbm]', or remove it from baselines."
        ) from error
    return lightgbm


def linear_features(task: ForecastTask) -> Callable[[Pairs], Tensor]:
    """What the linear part of the residual networks sees."""
    windows = task.windows
    return LinearPart(
        windows.look_back_steps, windows.horizon_steps, uses_graph=True, steps_per_hour=windows.steps_per_hour
    ).features


def rich_features(task: ForecastTask) -> Callable[[Pairs], Tensor]:
    """What the pooled ridge regression sees; trees make the products with the hour of day themselves."""
    windows = task.windows
    groups = feature_groups(
        windows.look_back_steps, windows.horizon_steps, neighbours=True, steps_per_hour=windows.steps_per_hour
    )
    return PooledFeatures([group for group in groups if group.name in RICH_GROUPS])


class BoostedTrees:
    """LightGBM (Ke et al. 2017) with the node's identity as a category, one model per step ahead.

    features: from a task to a function of pairs; the node is added as the last column.
    """

    def __init__(
        self,
        task: ForecastTask,
        graph: Graph,
        *,
        name: str,
        features: Callable[[ForecastTask], Callable[[Pairs], Tensor]],
        settings: TreeSettings,
    ) -> None:
        """Raises :class:`Fault` if LightGBM is not installed. name: of the baseline, for sentences."""
        self._lightgbm = import_lightgbm(name)
        self._task, self._graph = task, graph
        self._features, self._settings = features(task), settings

    def fit(self) -> None:
        task = self._task
        self._series = ScaledSeries.make(task, self._graph.adjacency, "node", CPU)
        train, check = (
            self.table(task.origins(part)) for part in (task.splits.train, task.splits.validation)
        )
        self.boosters = fit_hours(
            self._lightgbm,
            train,
            check,
            self._settings,
            self._variances(),
            step_words(task.panel.step_minutes),
        )

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        nodes, horizon = len(self._series.own), self._task.windows.horizon_steps
        features, _, _ = self.table(origins)
        scaled = np.stack([model.predict(features) for model in self.boosters])
        scaled = scaled.reshape(horizon, len(origins), nodes).transpose(1, 0, 2).astype(np.float32)
        return self._series.scaler.unscale(scaled)

    def _variances(self) -> np.ndarray:
        return np.square(self._series.scaler.deviation, dtype=np.float64)

    def table(self, origins: np.ndarray) -> "TreeTable":
        """Features [B * N, F + 1], scaled targets and their observed mask [B * N, H]; windows of all nodes in turn."""
        count, horizon = len(self._series.own), self._task.windows.horizon_steps
        nodes = torch.arange(count).repeat(len(origins))
        hours = torch.from_numpy(np.ascontiguousarray(origins)).repeat_interleave(count)
        parts = []
        for start in range(0, len(nodes), PAIRS_PER_BLOCK):
            part = slice(start, start + PAIRS_PER_BLOCK)
            made = self._features(self._series.pairs(nodes[part], hours[part]))
            parts.append(torch.cat([made, nodes[part, None].float()], dim=1).numpy())
        every = self._series.pairs(nodes, hours)
        seen = self._task.truth(origins)[1].transpose(0, 2, 1).reshape(-1, horizon)
        return np.concatenate(parts), every.targets(horizon).numpy(), seen


TreeTable = tuple[np.ndarray, np.ndarray, np.ndarray]


def fit_hours(
    lightgbm: Any,
    train: TreeTable,
    check: TreeTable,
    settings: TreeSettings,
    variances: np.ndarray,
    step: str,
) -> list[Any]:
    """One booster per step ahead; the last column is the node.

    variances: [N], of the nodes' loads; step: how sentences name one.

    Bins are made once for all steps: steps that were not observed get the weight 0. Each booster stops early on
    ``check`` and forecasts with its best round.
    """
    parameters = {**settings.parameters, "num_threads": torch.get_num_threads()}
    weights = [
        variances[table[0][:, -1].astype(np.int64)] if settings.weighted else np.ones(len(table[0]))
        for table in (train, check)
    ]
    last = train[0].shape[1] - 1
    data = lightgbm.Dataset(train[0], categorical_feature=[last], params=parameters, free_raw_data=False)
    judge = data.create_valid(check[0])
    boosters = []
    for place in range(train[1].shape[1]):
        ahead = f"{step} {place + 1} ahead"
        for dataset, table, weight in zip((data, judge), (train, check), weights, strict=True):
            dataset.set_label(table[1][:, place])
            seen = table[2][:, place]
            if not seen.any():
                part = "training" if dataset is data else "validation"
                raise Fault(
                    f"boosted trees cannot learn {ahead}: no {part} window has it observed: expected at "
                    "least one; give a panel with fewer gaps, other data.splits, or a study without them."
                )
            dataset.set_weight(np.where(seen, weight, 0.0))
        booster = lightgbm.train(
            parameters,
            data,
            settings.rounds,
            valid_sets=[judge],
            callbacks=[lightgbm.early_stopping(settings.stop_after, verbose=False)],
        )
        if booster.best_iteration >= settings.rounds:
            print(
                f"boosted trees, {ahead}: the error still fell at the last of {settings.rounds} rounds.",
                file=sys.stderr,
                flush=True,
            )
        boosters.append(booster.free_dataset())
    return boosters
