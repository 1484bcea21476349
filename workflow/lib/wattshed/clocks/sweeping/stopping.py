"""What a sweep has spent, and how many of the planned windows its budget still pays for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.sweeping.plan import planned_windows
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.search import REFINED_WINDOWS

# Planned windows may take longer than expected by this share.
RESERVE = 0.1


@dataclass(frozen=True)
class Spent:
    """Measured windows, their time [s] and energy [J]."""

    windows: int
    seconds: float
    joules: float


def spent(rows: pd.DataFrame, min_point_s: float) -> Spent:
    """Of all rows, the warm-up included. A window is at least ``min_point_s`` long and holds whole calls."""
    time_s = rows["time_s"].to_numpy(dtype=float)
    calls = calls_of(time_s, min_point_s)
    joules = calls * rows["energy_j"].to_numpy(dtype=float)
    return Spent(len(rows), float((calls * time_s).sum()), float(joules.sum()))


def calls_of(time_s: np.ndarray, min_point_s: float) -> np.ndarray:
    """Calls in a window, for calls of these times [s]."""
    return np.asarray(np.maximum(1, np.ceil(min_point_s / time_s)))


def windows_allowed(legal: tuple[int, ...], block: ClocksBlock) -> int:
    """Most windows, warm-up included. Unless it is told a number, a search takes at most ``REFINED_WINDOWS``, and not
    more than ``repeats`` at every legal setting."""
    search = block.search
    if search.most_windows is not None:
        return search.most_windows
    points = min(len(legal), block.points)
    if search.kind == "full":
        return planned_windows(points, block.repeats, block.warm_up_repeats)
    every = planned_windows(len(legal), block.repeats, block.warm_up_repeats)
    coarse = planned_windows(points, block.coarse_rounds, block.warm_up_repeats)
    return max(min(REFINED_WINDOWS, every), coarse)


def affordable(
    plan: Sequence[int], rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock
) -> tuple[int, ...]:
    """The beginning of ``plan`` that the budget still pays for, in windows, seconds and joules.

    A window is expected to cost what the dearest one at its setting did; where there was none, to take (maximum /
    setting) times as long as at the maximum, at the highest power of the maximum; and a reserve on top. Before the
    first window nothing is known of a call: a budget of seconds or joules then pays for one.
    """
    search = block.search
    left = tuple(plan)[: max(0, windows_allowed(legal, block) - len(rows))]
    if search.most_s is None and search.most_j is None:
        return left
    if rows.empty:
        return left[:1]
    before = spent(rows, block.min_point_s)
    seconds, joules = before.seconds, before.joules
    costs = {
        setting: _expected_cost(setting, rows, legal[-1], block.min_point_s)
        for setting in dict.fromkeys(left)
    }
    for place, setting in enumerate(left):
        more_s, more_j = costs[setting]
        seconds += more_s * (1 + RESERVE)
        joules += more_j * (1 + RESERVE)
        if seconds > (search.most_s or np.inf) or joules > (search.most_j or np.inf):
            return left[:place]
    return left


def _expected_cost(setting: int, rows: pd.DataFrame, maximum: int, min_point_s: float) -> tuple[float, float]:
    """Seconds and joules of one window."""
    same = rows[rows["setting"] == setting]
    known, slower = (same, 1.0) if len(same) else (rows[rows["setting"] == maximum], maximum / setting)
    known = known if len(known) else rows
    time_s = slower * float(known["time_s"].max())
    seconds = float(calls_of(np.array([time_s]), min_point_s)[0]) * time_s
    return seconds, seconds * float(known["power_w"].max())
