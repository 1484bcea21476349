"""What the windows so far say: the best setting under the limit, and what it may lose against the true best."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.fitting.curve_draws import CurveDraws, draw_curves
from wattshed.clocks.choosing.fitting.setting_means import SettingMeans, setting_means
from wattshed.clocks.contamination.usable import LEAST_REPEATS

# Share of draws that must keep the limit, and over which the energy lost must be small.
CERTAINTY = 0.95
# Limits are shares; this is their rounding.
ROUNDING = 1e-9


class SearchLimits(Protocol):
    """Shares: the slowdown that is accepted, and the band of the maximum in which a setting may be chosen."""

    @property
    def max_slowdown_share(self) -> float: ...

    @property
    def lowest_share(self) -> float | None: ...

    @property
    def highest_share(self) -> float | None: ...


@dataclass(frozen=True)
class Outlook:
    """``pick``: the best legal setting as far as is known. ``held``: the best one that was measured often enough to be
    recommended; the maximum where no other is shown to keep the limit.

    pick_regret, held_regret: draws [B] of the logarithm of its cost over that of the best setting under the limit.
    windows: valid windows of each legal setting [L]. Positions, not settings.
    """

    curves: CurveDraws
    means: SettingMeans
    windows: np.ndarray
    pick: int
    held: int
    pick_regret: np.ndarray
    held_regret: np.ndarray

    @property
    def setting(self) -> int:
        """The setting to recommend."""
        return int(self.curves.settings[self.held])

    @property
    def regret_high_share(self) -> float:
        """Upper 95 % bound of the cost that :attr:`setting` loses against the best setting, as a share."""
        return float(np.expm1(np.quantile(self.held_regret, CERTAINTY)))


def in_band(legal: tuple[int, ...], limits: SearchLimits) -> np.ndarray:
    """Which legal settings [L] may be chosen: those in the band, and the maximum."""
    share = np.array(legal) / legal[-1]
    allowed = np.ones(len(legal), dtype=bool)
    if limits.lowest_share is not None:
        allowed &= share >= limits.lowest_share - ROUNDING
    if limits.highest_share is not None:
        allowed &= share <= limits.highest_share + ROUNDING
    if limits.max_slowdown_share <= 0:
        # An interval around 0 always reaches above it.
        allowed[:] = False
    allowed[-1] = True
    return allowed


def outlook(
    rows: pd.DataFrame,
    legal: tuple[int, ...],
    limits: SearchLimits,
    *,
    draws: int,
    random: np.random.Generator,
    delay_exponent: int = 0,
) -> Outlook:
    """From rows that count, at least one at the maximum. The cost is E T^delay_exponent: energy, EDP or ED2P."""
    means = setting_means(rows)
    curves = draw_curves(means, legal, draws, random)
    cost = np.log(curves.energy_j) + delay_exponent * np.log(curves.time_s)
    allowed = in_band(legal, limits)
    kept = (curves.slowdown <= limits.max_slowdown_share + ROUNDING) & allowed
    kept[:, -1] = True
    windows = np.zeros(len(legal), dtype=int)
    windows[np.searchsorted(legal, means.settings)] = means.counts
    expected = np.where(kept.mean(axis=0) >= CERTAINTY, cost.mean(axis=0), np.inf)
    measured = windows >= LEAST_REPEATS
    measured[-1] = True
    pick = int(expected.argmin())
    held = int(np.where(measured, expected, np.inf).argmin())
    best = np.where(kept, cost, np.inf).min(axis=1)
    return Outlook(curves, means, windows, pick, held, cost[:, pick] - best, cost[:, held] - best)
