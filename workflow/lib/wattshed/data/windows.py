"""Windows are views of the panel, never copies."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from wattshed.foundation.hours import DAY_H


def window_view(series: np.ndarray, length_steps: int) -> np.ndarray:
    """All windows of ``series`` [T, N] as a read-only view [T - length + 1, length, N]."""
    return sliding_window_view(series, length_steps, axis=0).transpose(0, 2, 1)


def histories(series: np.ndarray, origins: np.ndarray, look_back_steps: int) -> np.ndarray:
    """The steps before each origin [B, look_back, N]; a view where the origins are consecutive."""
    return _take(window_view(series, look_back_steps), origins - look_back_steps)


def targets(series: np.ndarray, origins: np.ndarray, horizon_steps: int) -> np.ndarray:
    """The steps from each origin on [B, horizon, N]; a view where the origins are consecutive."""
    return _take(window_view(series, horizon_steps), origins)


def _take(view: np.ndarray, rows: np.ndarray) -> np.ndarray:
    if len(rows) and bool((np.diff(rows) == 1).all()):
        return view[rows[0] : rows[-1] + 1]
    return view[rows]


def fill_gaps(values: np.ndarray, fallback: np.ndarray, steps_per_day: int = DAY_H) -> np.ndarray:
    """Fill unknown steps of histories with the node's value 24 h before, else with ``fallback``.

    values: float32 [T, N] with NaN where unknown; fallback: [N], from the training part. Only the past is
    used. Returned as it is, not copied, if no step is unknown.
    """
    unknown = np.isnan(values)
    if not unknown.any():
        return values
    filled = values.copy()
    np.copyto(filled[:steps_per_day], fallback[None, :].astype(np.float32), where=unknown[:steps_per_day])
    for start in range(steps_per_day, len(filled), steps_per_day):
        block = filled[start : start + steps_per_day]
        before = start - steps_per_day
        np.copyto(block, filled[before : before + len(block)], where=np.isnan(block))
    return filled
