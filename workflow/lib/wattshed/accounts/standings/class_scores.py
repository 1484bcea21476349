"""Scores of probabilities of classes: accuracy, balanced accuracy, log loss, Brier score."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.faults import Fault

# A probability below this counts as this in the log loss, or one certain error would be infinite.
LEAST_PROBABILITY = 1e-7
# Of the standard normal distribution, for 95 %.
QUANTILE = 1.959964
COLUMNS = (
    *("model", "seed", "windows", "classes", "chance", "accuracy", "accuracy_low", "accuracy_high"),
    *("balanced_accuracy", "log_loss", "brier", "positive", "sensitivity", "specificity"),
)


def class_scores(forecasts: Mapping[str, Path], panel: Panel) -> pd.DataFrame:
    """Rows of ``accuracy/classes.parquet``, one per model and seed, over the windows of the test part.

    Raises :class:`Fault` for a panel of readings.
    """
    if panel.windows is None:
        raise Fault(
            f"{panel.source}: the panel holds readings; expected labelled windows to score classes: run the rules of a "
            "study whose source gives them."
        )
    rows = []
    for model, path in forecasts.items():
        made = Forecasts.read(path)
        truth = panel.values[made.origins].argmax(axis=1)
        for seed, values in zip(made.seeds, made.values, strict=True):
            found = scores_of(values[:, 0], truth)
            positive = panel.node_names[-1] if len(panel.node_names) == 2 else None
            rows.append({"model": model, "seed": seed, **found, "positive": positive})
    return pd.DataFrame(rows, columns=COLUMNS).astype({"positive": "string"})


def scores_of(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Scores of probabilities [B, C] against classes int64 [B].

    accuracy: share of windows whose most probable class is the true one, with Wilson's 95 % interval over windows
    (Wilson 1927); balanced_accuracy: mean over the classes that occur of the share of their windows (Brodersen et
    al. 2010);
    log_loss: mean of -ln p of the true class; brier: mean over windows of the squared distance summed over classes
    (Brier 1950), from 0 to 2; chance: accuracy of a guess among C classes; sensitivity and specificity: shares of the
    second and of the first of two classes, NaN for more.
    """
    count, classes = probabilities.shape
    right = probabilities.argmax(axis=1) == truth
    shares = [
        float(right[truth == one].mean()) if (truth == one).any() else math.nan for one in range(classes)
    ]
    true = probabilities[np.arange(count), truth].astype(np.float64)
    low, high = wilson(int(right.sum()), count)
    indicators = np.eye(classes)[truth]
    return {
        "windows": count,
        "classes": classes,
        "chance": 1 / classes,
        "accuracy": float(right.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "balanced_accuracy": float(np.nanmean(shares)),
        "log_loss": float(-np.log(np.maximum(true, LEAST_PROBABILITY)).mean()),
        "brier": float(np.square(probabilities - indicators).sum(axis=1).mean()),
        "sensitivity": shares[1] if classes == 2 else math.nan,
        "specificity": shares[0] if classes == 2 else math.nan,
    }


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share of ``count`` windows."""
    share = right / count
    square = QUANTILE**2 / count
    middle = (share + square / 2) / (1 + square)
    half = QUANTILE / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)
