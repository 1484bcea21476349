"""Multinomial logistic regression on the correlations of all pairs of regions.

The strength of the regularisation is chosen by the log loss on the validation part. On functional connectivity such a
linear model is a strong control: Dadi et al. 2019 (doi 10.1016/j.neuroimage.2019.02.062).
"""

import warnings
from typing import Any

import numpy as np

from wattshed.data.connectivity import upper_triangles, window_connectivity
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import Fault

# Inverse strengths of the regularisation, from strong to weak.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
MOST_STEPS = 200
# A probability of 0 would make one wrong window decide a log loss.
LEAST_PROBABILITY = 1e-7


class ConnectivityRegression:
    """Raises :class:`Fault` when it is made and scikit-learn is not installed."""

    def __init__(self, task: ForecastTask) -> None:
        self._task = task
        self._estimator = _estimator()

    def fit(self) -> None:
        splits = self._task.splits
        train, validation = self._task.origins(splits.train), self._task.origins(splits.validation)
        pairs = self._pairs(train)
        self._mean = pairs.mean(axis=0)
        deviation = pairs.std(axis=0)
        # A pair whose correlation is the same in all training windows tells nothing: its weight stays 0.
        self._scale = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0.0)
        inputs, checked = self._scaled(pairs), self._scaled(self._pairs(validation))
        classes, expected = self._classes(train), self._classes(validation)
        least = np.inf
        for strength in STRENGTHS:
            model = self._estimator(C=strength, max_iter=MOST_STEPS)
            with warnings.catch_warnings():
                # Few steps are a regularisation of their own: the validation part decides among what comes out.
                warnings.simplefilter("ignore")
                model.fit(inputs, classes)
            own = self._probabilities(model, checked)[np.arange(len(expected)), expected]
            loss = float(-np.log(np.maximum(own, LEAST_PROBABILITY)).mean())
            if loss < least:
                least, self._model, self.strength = loss, model, strength

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """Probabilities [B, 1, C]; 0 for a class without training windows."""
        return self._probabilities(self._model, self._scaled(self._pairs(origins)))[:, None, :]

    def _classes(self, rows: np.ndarray) -> np.ndarray:
        return self._task.panel.values[rows].argmax(axis=1)

    def _pairs(self, rows: np.ndarray) -> np.ndarray:
        assert self._task.panel.windows is not None
        return upper_triangles(window_connectivity(self._task.panel.windows, rows)).astype(np.float64)

    def _scaled(self, pairs: np.ndarray) -> np.ndarray:
        return (pairs - self._mean) * self._scale

    def _probabilities(self, model: Any, inputs: np.ndarray) -> np.ndarray:
        found = np.zeros((len(inputs), len(self._task.panel.node_names)), dtype=np.float32)
        found[:, model.classes_] = model.predict_proba(inputs)
        return found


def _estimator() -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise Fault(
            "the baseline 'logistic_connectivity' needs scikit-learn, which is not installed: run "
            "`pip install 'wattshed[brains]'`, or take it out of baselines."
        ) from error
    return LogisticRegression
