"""Windows are views of the panel, never copies."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def window_view(series: np.ndarray, length_h: int) -> np.ndarray:
    """All windows of ``series`` [T, N] as a read-only view [T - length + 1, length, N]."""
    return sliding_window_view(series, length_h, axis=0).transpose(0, 2, 1)


def histories(series: np.ndarray, origins: np.ndarray, look_back_h: int) -> np.ndarray:
    """The hours before each origin [B, look_back, N]; a view where the origins are consecutive."""
    return _take(window_view(series, look_back_h), origins - look_back_h)


def targets(series: np.ndarray, origins: np.ndarray, horizon_h: int) -> np.ndarray:
    """The hours from each origin on [B, horizon, N]; a view where the origins are consecutive."""
    return _take(window_view(series, horizon_h), origins)


def _take(view: np.ndarray, rows: np.ndarray) -> np.ndarray:
    if len(rows) and bool((np.diff(rows) == 1).all()):
        return view[rows[0] : rows[-1] + 1]
    return view[rows]


def fill_gaps(values: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Fill unknown hours of histories with the node's value 24 h before, else with ``fallback``.

    values: float32 [T, N] with NaN where unknown; fallback: [N], from the training part. Only the past is
    used. Returned as it is, not copied, if no hour is unknown.
    """
    unknown = np.isnan(values)
    if not unknown.any():
        return values
    filled = values.copy()
    np.copyto(filled[:24], fallback[None, :].astype(np.float32), where=unknown[:24])
    for start in range(24, len(filled), 24):
        block = filled[start : start + 24]
        np.copyto(block, filled[start - 24 : start - 24 + len(block)], where=np.isnan(block))
    return filled
