"""Scores of models: every model's test forecasts in one table, and the errors by day at one rolling origin."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.splits import Splits
from wattshed.data.windows import targets
from wattshed.forecast.days import scores_by_day
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.metrics import score_rows, seasonal_scale, sum_errors
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.writing import write_parquet

# Windows of one call, so that a long part of a large panel fits into memory.
WINDOWS_PER_CALL = 1024
ERRORS = ["squared", "absolute", "cells"]


def score_forecasts(forecasts: dict[str, Path], panel: Panel, splits: Splits) -> pd.DataFrame:
    """Rows of ``accuracy/scores.parquet`` for the named models, on observed cells only."""
    scale = seasonal_scale(panel, splits.train)
    frames = []
    for model, path in forecasts.items():
        made = Forecasts.read(path)
        horizon = made.values.shape[2]
        truth = targets(panel.values, made.origins, horizon)
        observed = targets(panel.observed, made.origins, horizon)
        for seed, values in zip(made.seeds, made.values, strict=True):
            rows = score_rows(sum_errors(values, truth, observed), scale, panel.node_names)
            frames.append(rows.assign(model=model, seed=seed))
    frame = pd.concat(frames, ignore_index=True)
    return frame[["model", "seed", *[name for name in frame if name not in ("model", "seed")]]]


def score_origin(
    forecast: Callable[[np.ndarray], np.ndarray], task: ForecastTask, *, model: str, seed: int, origin: int
) -> pd.DataFrame:
    """Rows ``model, seed, origin, part (validation, test), day, squared, absolute, cells`` of both parts, all windows.

    forecast: of a fitted model, from origins [B] to [B, H, N] in the panel's unit. A line of progress goes to standard
    error.
    """
    frames = [
        _score_part(forecast, task, task.origins(part)).assign(part=part.name)
        for part in (task.splits.validation, task.splits.test)
    ]
    frame = pd.concat(frames, ignore_index=True).assign(model=model, seed=seed, origin=origin)
    sums = frame.groupby("part")[ERRORS].sum()
    errors = np.sqrt(sums["squared"] / sums["cells"])
    print(
        f"{model}, seed {seed}, origin {origin}: RMSE {errors['validation']:.4f} {task.panel.unit} on its validation "
        f"part, {errors['test']:.4f} on its test part",
        file=sys.stderr,
        flush=True,
    )
    return frame[["model", "seed", "origin", "part", "day", *ERRORS]]


def write_origins(path: Path, frames: Sequence[pd.DataFrame]) -> None:
    """Write the rows of all origins and seeds of a model."""
    write_parquet(path, pd.concat(frames, ignore_index=True))


def _score_part(
    forecast: Callable[[np.ndarray], np.ndarray], task: ForecastTask, origins: np.ndarray
) -> pd.DataFrame:
    parts = []
    for start in range(0, len(origins), WINDOWS_PER_CALL):
        some = origins[start : start + WINDOWS_PER_CALL]
        made, panel = forecast(some), task.panel
        parts.append(scores_by_day(made, *task.truth(some), some, panel.times, panel.timezone))
    return pd.concat(parts).groupby("day", sort=True, as_index=False)[ERRORS].sum()
