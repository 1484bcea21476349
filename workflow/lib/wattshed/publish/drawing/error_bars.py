"""Error bars and the steps of a front: their ends and corners, so that labels can avoid them."""

import numpy as np
import pandas as pd


def front_steps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Corners [m, 2] of the staircase through the frontier, from cheap to expensive."""
    return np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])


def bar_ends(x: np.ndarray, y: np.ndarray, reach_x: np.ndarray, reach_y: np.ndarray) -> list[np.ndarray]:
    """Ends [2, 2] of every error bar."""
    level = [np.array([[a - low, b], [a + high, b]]) for a, b, low, high in zip(x, y, *reach_x, strict=True)]
    upright = [
        np.array([[a, b - low], [a, b + high]]) for a, b, low, high in zip(x, y, *reach_y, strict=True)
    ]
    return level + upright


def bar_lengths(centre: np.ndarray, frame: pd.DataFrame, column: str, factor: float) -> np.ndarray:
    """Lengths of the error bars below and above [2, n]; 0 where there is no interval."""
    low = frame[f"{column}_low"].to_numpy() * factor
    high = frame[f"{column}_high"].to_numpy() * factor
    return np.nan_to_num(np.stack([centre - low, high - centre]))
