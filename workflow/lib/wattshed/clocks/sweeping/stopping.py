"""What a sweep has spent, and how many of the planned windows its budget still pays for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.config.clocks.block import ClocksBlock

# Planned windows may take longer than expected by this share.
RESERVE = 0.1


@dataclass(frozen=True)
class Spent:
    windows: int
    seconds: float
    joules: float


def spent(rows: pd.DataFrame, min_point_s: float) -> Spent:
    """Of all rows, the warm-up included. A window is at least ``min_point_s`` long and holds whole calls."""
    calls = calls_of(rows["time_s"].to_numpy(dtype=float), min_point_s)
    seconds = calls * rows["time_s"].to_numpy(dtype=float)
    return Spent(
        len(rows), float(seconds.sum()), float((calls * rows["energy_j"].to_numpy(dtype=float)).sum())
    )


def calls_of(time_s: np.ndarray, min_point_s: float) -> np.ndarray:
    """Calls in a window, for calls of these times [s]."""
    return np.maximum(1, np.ceil(min_point_s / time_s))


def affordable(plan: Sequence[int], rows: pd.DataFrame, maximum: int, block: ClocksBlock) -> list[int]:
    """The beginning of ``plan`` that the budget still pays for, in windows, seconds and joules.

    A setting that was measured is expected to cost what it cost at most; another one what the highest one below costs,
    or else the maximum times (maximum / setting), plus a reserve. Before the first window nothing is known of a call:
    a budget of seconds or joules then pays for one window.
    """
    search = block.search
    windows = search.windows_allowed
    left = list(plan) if windows is None else list(plan)[: max(0, windows - len(rows))]
    if search.most_s is None and search.most_j is None:
        return left
    if rows.empty:
        return left[:1]
    before = spent(rows, block.min_point_s)
    seconds, joules = before.seconds, before.joules
    for place, setting in enumerate(left):
        more_s, more_j = _expected_cost(setting, rows, maximum, block.min_point_s)
        seconds += more_s * (1 + RESERVE)
        joules += more_j * (1 + RESERVE)
        if (search.most_s is not None and seconds > search.most_s) or (
            search.most_j is not None and joules > search.most_j
        ):
            return left[:place]
    return left


def _expected_cost(setting: int, rows: pd.DataFrame, maximum: int, min_point_s: float) -> tuple[float, float]:
    """Seconds and joules of one window."""
    same = rows[rows["setting"] == setting]
    known = same if len(same) else rows[rows["setting"] == maximum]
    known = known if len(known) else rows
    slower = 1.0 if len(same) else maximum / setting
    time_s = slower * float(known["time_s"].max())
    calls = float(calls_of(np.array([time_s]), min_point_s)[0])
    # More seconds at no more power than was seen.
    return calls * time_s, calls * time_s * float(known["power_w"].max())
