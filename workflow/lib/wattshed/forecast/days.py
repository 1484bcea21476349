"""Squared and absolute errors by calendar day: what intervals over blocks of days are made from."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.writing import write_parquet

ERRORS = ["squared", "absolute", "cells"]
TYPES = {"day": "string", "squared": "float64", "absolute": "float64", "cells": "int64"}
# Windows of one call, so that a long part of a large panel fits into memory.
WINDOWS_PER_CALL = 1024


def scores_by_day(
    forecast: np.ndarray,
    truth: np.ndarray,
    observed: np.ndarray,
    origins: np.ndarray,
    times: np.ndarray,
    timezone: str,
) -> pd.DataFrame:
    """Sums of errors over the observed cells of all windows that start on the same day, one row per day in order.

    forecast, truth, observed: [B, H, N]; origins: first target steps [B], indices of ``times``; times: datetime64 [T]
    in UTC; timezone: IANA name of the calendar. A window belongs to the local day of its first target step. Columns:
    ``day`` (text YYYY-MM-DD), ``squared`` and ``absolute`` (in the unit of the forecast, squared or not), ``cells``.
    A day whose windows have no observed cell keeps its row with 0 cells.
    """
    # A cell that was not observed may hold NaN.
    error = np.where(observed, forecast - truth, 0).astype(np.float64)
    hours = pd.DatetimeIndex(times[origins]).tz_localize("UTC").tz_convert(ZoneInfo(timezone))
    sums = pd.DataFrame(
        {
            "day": hours.strftime("%Y-%m-%d"),
            "squared": np.square(error).sum(axis=(1, 2)),
            "absolute": np.abs(error).sum(axis=(1, 2)),
            "cells": observed.sum(axis=(1, 2)).astype(np.int64),
        }
    )
    return sums.groupby("day", sort=True, as_index=False).sum()


def days_of(
    forecast: Callable[[np.ndarray], np.ndarray], task: ForecastTask, origins: np.ndarray
) -> pd.DataFrame:
    """Rows of :func:`scores_by_day` for the windows that start at ``origins`` [B], forecast piece by piece.

    forecast: of a fitted model, from origins [B] to [B, H, N] in the panel's unit.
    """
    panel = task.panel
    parts = [pd.DataFrame(columns=list(TYPES)).astype(TYPES)]
    for start in range(0, len(origins), WINDOWS_PER_CALL):
        some = origins[start : start + WINDOWS_PER_CALL]
        parts.append(scores_by_day(forecast(some), *task.truth(some), some, panel.times, panel.timezone))
    return pd.concat(parts).groupby("day", sort=True, as_index=False)[ERRORS].sum()


def errors_of(days: pd.DataFrame) -> tuple[float, float]:
    """RMSE and MAE over all cells of the rows of :func:`scores_by_day`; NaN where no cell was observed."""
    squared, absolute, cells = (float(days[column].sum()) for column in ERRORS)
    return (math.sqrt(squared / cells), absolute / cells) if cells else (math.nan, math.nan)


def stacked(frames: Sequence[pd.DataFrame], labels: Mapping[str, str]) -> pd.DataFrame:
    """All rows of all frames, in the columns of the labels and of the errors.

    labels: type of each further column; columns have their types even where there is no row.
    """
    types = {**labels, **TYPES}
    rows = [frame[list(types)].astype(types) for frame in frames]
    return pd.concat([pd.DataFrame(columns=list(types)).astype(types), *rows], ignore_index=True)


def score_origin(
    forecast: Callable[[np.ndarray], np.ndarray], task: ForecastTask, *, model: str, seed: int, origin: int
) -> pd.DataFrame:
    """Rows ``model, seed, origin, part (validation, test), day, squared, absolute, cells`` of both parts, all windows.

    forecast: of a fitted model, from origins [B] to [B, H, N] in the panel's unit. A line of progress goes to standard
    error.
    """
    frames = [
        days_of(forecast, task, task.origins(part)).assign(part=part.name)
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
