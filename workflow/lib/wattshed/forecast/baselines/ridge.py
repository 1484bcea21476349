"""Ridge regression on lags and calendar, solved in closed form."""

import numpy as np
import scipy.linalg

from wattshed.data.scaling import Scaler, fit_scaler
from wattshed.data.similarity import hour_of_week
from wattshed.data.windows import histories, targets
from wattshed.forecast.networks.closed_form import refuse_no_samples, refuse_unjudged
from wattshed.forecast.protocol import ForecastTask, evenly_spaced

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
WINDOWS_PER_BLOCK = 256
VALIDATION_WINDOWS = 500


class Ridge:
    """One linear map for all nodes, from a node's look-back, its same hours last week and the hour of day.

    All values are scaled by the node's own deviation. The penalty per sample is the one of ``PENALTIES`` with the
    least squared error on the validation part.
    """

    def __init__(self, task: ForecastTask) -> None:
        self._task = task

    def fit(self) -> None:
        task = self._task
        panel = task.panel
        self._scaler: Scaler = fit_scaler(panel.values, panel.observed, task.splits.train, "node")
        self._scaled = self._scaler.scale(task.filled)
        self._hour_of_week = hour_of_week(panel)
        gram, moment, samples = self._normal_equations(task.origins(task.splits.train))
        refuse_no_samples("the baseline ridge", samples, task.windows.horizon_steps)
        check = evenly_spaced(task.origins(task.splits.validation), VALIDATION_WINDOWS)
        best_error = np.inf
        for penalty in PENALTIES:
            ridge = penalty * samples * np.eye(len(gram))
            # The constant is not penalised.
            ridge[-1, -1] = 1e-9 * samples
            weights = scipy.linalg.solve(gram + ridge, moment, assume_a="pos").astype(np.float32)
            error = self._squared_error(weights, check)
            if error < best_error:
                best_error, self._weights, self.penalty = error, weights, penalty
        refuse_unjudged("the baseline ridge", best_error)

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        horizon, nodes = self._task.windows.horizon_steps, self._scaled.shape[1]
        result = np.empty((len(origins), horizon, nodes), dtype=np.float32)
        for start in range(0, len(origins), WINDOWS_PER_BLOCK):
            block = origins[start : start + WINDOWS_PER_BLOCK]
            scaled = (self._features(block) @ self._weights).reshape(len(block), nodes, horizon)
            result[start : start + len(block)] = self._scaler.unscale(scaled.transpose(0, 2, 1))
        return result

    def _features(self, origins: np.ndarray) -> np.ndarray:
        """Rows of (window, node) pairs [B * N, F]: look-back, last week's hours, calendar, constant."""
        look_back, horizon = self._task.windows.look_back_steps, self._task.windows.horizon_steps
        nodes, week = self._scaled.shape[1], self._task.panel.steps_per_week
        recent = histories(self._scaled, origins, look_back)
        weeks_back = (np.arange(horizon) // week + 1) * week
        last_week = self._scaled[origins[:, None] + np.arange(horizon)[None, :] - weeks_back[None, :]]
        own = np.concatenate([recent, last_week], axis=1).transpose(0, 2, 1)
        slot = self._hour_of_week[origins]
        calendar = np.zeros((len(origins), 24 + 7), dtype=np.float32)
        calendar[np.arange(len(origins)), slot % 24] = 1
        calendar[np.arange(len(origins)), 24 + slot // 24] = 1
        shared = np.concatenate([calendar, np.ones((len(origins), 1), np.float32)], axis=1)
        shared = np.broadcast_to(shared[:, None, :], (len(origins), nodes, shared.shape[1]))
        return np.concatenate([own, shared], axis=2).reshape(len(origins) * nodes, -1)

    def _normal_equations(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        """X'X, X'Y and the number of rows, over pairs whose whole horizon was observed."""
        horizon = self._task.windows.horizon_steps
        gram: np.ndarray | float = 0.0
        moment: np.ndarray | float = 0.0
        samples = 0
        for start in range(0, len(origins), WINDOWS_PER_BLOCK):
            block = origins[start : start + WINDOWS_PER_BLOCK]
            wanted = targets(self._scaled, block, horizon).transpose(0, 2, 1).reshape(-1, horizon)
            seen = targets(self._task.panel.observed, block, horizon).all(axis=1).reshape(-1)
            features = self._features(block)[seen].astype(np.float64)
            gram = gram + features.T @ features
            moment = moment + features.T @ wanted[seen].astype(np.float64)
            samples += int(seen.sum())
        return np.asarray(gram), np.asarray(moment), samples

    def _squared_error(self, weights: np.ndarray, origins: np.ndarray) -> float:
        horizon = self._task.windows.horizon_steps
        wanted = targets(self._scaled, origins, horizon).transpose(0, 2, 1).reshape(-1, horizon)
        seen = targets(self._task.panel.observed, origins, horizon).transpose(0, 2, 1).reshape(-1, horizon)
        return (
            float(np.square(self._features(origins) @ weights - wanted)[seen].mean())
            if seen.any()
            else np.nan
        )
