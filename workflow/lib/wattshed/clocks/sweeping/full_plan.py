"""The plan without a search: every clock of an even choice several times in random order, with the maximum in between.

It has the signature of the search, so that either can drive a sweep.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattshed.config.clocks.block import ClocksBlock

# A slowdown limit of a few percent lies near the maximum, so the clocks are closer together there.
CROWDING = 1.5


@dataclass(frozen=True)
class Step:
    """What to measure next, in this order; stop: why nothing more is measured, else None."""

    settings: tuple[int, ...]
    stop: str | None = None


def next_settings(rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: Any = None) -> Step:
    """The warm-up and all points in the first step; nothing after it. rows: what has been measured so far."""
    if len(rows):
        return Step((), "all planned points are measured")
    clocks = spread_clocks(legal, block.points)
    plan = plan_order(clocks, block.repeats, block.seed)
    return Step((clocks[-1],) * block.warm_up_repeats + tuple(plan))


def spread_clocks(settings: tuple[int, ...], points: int) -> tuple[int, ...]:
    """``points`` legal clocks from the lowest to the highest (fewer if fewer exist), denser near the top."""
    legal = np.array(sorted(settings))
    shares = np.linspace(0, 1, points) ** CROWDING
    wanted = legal[-1] - shares * (legal[-1] - legal[0])
    nearest = np.abs(legal[None, :] - wanted[:, None]).argmin(axis=1)
    return tuple(int(clock) for clock in legal[np.unique(nearest)])


def plan_order(clocks_mhz: tuple[int, ...], repeats: int, seed: int) -> list[int]:
    """Rounds of all clocks, each in its own random order, with the maximum at the start and middle of
    each round and at the very end: drift is then visible in the reference and not mistaken for an effect of the clock.
    """
    random = np.random.default_rng(seed)
    *others, maximum = clocks_mhz
    half = len(others) // 2
    plan = []
    for _ in range(repeats):
        shuffled = [int(clock) for clock in random.permutation(others)]
        plan += [maximum, *shuffled[:half], maximum, *shuffled[half:]]
    return [*plan, maximum]
