"""Errors on observed cells, in the panel's unit, from summed squares."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.splits import Segment


@dataclass(frozen=True)
class ErrorSums:
    """Sums over observed cells that every metric is made from, per horizon and node [H, N] (float64)."""

    cells: np.ndarray
    absolute: np.ndarray
    squared: np.ndarray
    truth: np.ndarray
    truth_squared: np.ndarray
    truth_absolute: np.ndarray


def sum_errors(forecast: np.ndarray, truth: np.ndarray, observed: np.ndarray) -> ErrorSums:
    """Sum over windows; all inputs [B, H, N]. Cells that were not observed are ignored."""
    actual = np.where(observed, truth, 0).astype(np.float64)
    error = np.where(observed, forecast - truth, 0).astype(np.float64)
    return ErrorSums(
        cells=observed.sum(axis=0).astype(np.float64),
        absolute=np.abs(error).sum(axis=0),
        squared=np.square(error).sum(axis=0),
        truth=actual.sum(axis=0),
        truth_squared=np.square(actual).sum(axis=0),
        truth_absolute=np.abs(actual).sum(axis=0),
    )


def rmse(forecast: np.ndarray, truth: np.ndarray, observed: np.ndarray) -> float:
    """Root of the mean square over observed cells; all inputs [B, H, N]. NaN where no cell was observed."""
    return rmse_of(sum_errors(forecast, truth, observed))


def rmse_of(sums: ErrorSums) -> float:
    """Root of the mean square over all cells of the sums; NaN if there is none."""
    cells = sums.cells.sum()
    return float(np.sqrt(sums.squared.sum() / cells)) if cells else math.nan


def mae_of(sums: ErrorSums) -> float:
    """Mean absolute error over all cells of the sums; NaN if there is none."""
    cells = sums.cells.sum()
    return float(sums.absolute.sum() / cells) if cells else math.nan


def seasonal_scale(panel: Panel, train: Segment) -> np.ndarray:
    """Mean absolute change over 24 h on observed training cells, per node [N]: the M of MASE.

    Hyndman and Koehler 2006. NaN where a node has no such pair or never changes.
    """
    values = panel.values[train.start : train.stop]
    seen = panel.observed[train.start : train.stop]
    season = panel.steps_per_day
    both = seen[season:] & seen[:-season]
    change = np.where(both, np.abs(values[season:] - values[:-season]), 0)
    count = both.sum(axis=0)
    scale = change.sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    return np.where((count > 0) & (scale > 0), scale, np.nan)


def metrics(sums: ErrorSums, scale: np.ndarray) -> dict[str, float | None]:
    """MAE, RMSE, WAPE, MASE with the season of 24 h and R2 over the given cells; None where a metric is undefined.

    RMSE is the root of the mean square over all cells, never a mean of batch RMSEs. MASE is the mean over
    nodes of MAE / scale. R2 compares with each node's own mean, so that it does not reward telling large
    nodes from small ones.
    """
    cells = float(sums.cells.sum())
    if cells == 0:
        return {"mae": None, "rmse": None, "wape": None, "mase": None, "r2": None, "cells": 0}
    node_cells = sums.cells.sum(axis=0)
    safe = np.maximum(node_cells, 1)
    node_mae = sums.absolute.sum(axis=0) / safe
    scaled = (node_mae / scale)[(node_cells > 0) & np.isfinite(scale)]
    spread = float((sums.truth_squared.sum(axis=0) - sums.truth.sum(axis=0) ** 2 / safe).sum())
    squared = float(sums.squared.sum())
    volume = float(sums.truth_absolute.sum())
    return {
        "mae": mae_of(sums),
        "rmse": rmse_of(sums),
        "wape": float(sums.absolute.sum()) / volume if volume > 0 else None,
        "mase": float(scaled.mean()) if len(scaled) else None,
        "r2": 1 - squared / spread if spread > 0 else None,
        "cells": int(cells),
    }


def score_rows(
    sums: ErrorSums, scale: np.ndarray, node_names: list[str], steps_per_hour: int = 1
) -> pd.DataFrame:
    """Rows of ``accuracy/scores.parquet``: over all cells, per step of the horizon and per node.

    horizon_h: hours from a forecast to the end of the step; a whole number in an hourly panel.
    """
    rows: list[dict[str, Any]] = [{"scope": "all", "horizon_h": None, "node": None, **metrics(sums, scale)}]
    for step in range(sums.cells.shape[0]):
        part = _part(sums, np.s_[step : step + 1, :])
        ahead_h = step + 1 if steps_per_hour == 1 else (step + 1) / steps_per_hour
        rows.append({"scope": "horizon", "horizon_h": ahead_h, "node": None, **metrics(part, scale)})
    for index, name in enumerate(node_names):
        part = _part(sums, np.s_[:, index : index + 1])
        one = metrics(part, scale[index : index + 1])
        rows.append({"scope": "node", "horizon_h": None, "node": name, **one})
    hours = "Int64" if steps_per_hour == 1 else "Float64"
    frame = pd.DataFrame(rows).astype({"horizon_h": hours, "node": "string", "cells": "int64"})
    return frame.astype(dict.fromkeys(("mae", "rmse", "wape", "mase", "r2"), "float64"))


def _part(sums: ErrorSums, where: tuple[slice, slice]) -> ErrorSums:
    return ErrorSums(
        sums.cells[where],
        sums.absolute[where],
        sums.squared[where],
        sums.truth[where],
        sums.truth_squared[where],
        sums.truth_absolute[where],
    )
