"""What the windows so far say: the setting that the choice would make now, and what it may lose against the best."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.fitting.curve_draws import CurveDraws, draw_curves
from wattshed.clocks.choosing.fitting.setting_means import SettingMeans, setting_means
from wattshed.clocks.choosing.law_estimates import estimates_of
from wattshed.clocks.choosing.limits import ROUNDING, feasible
from wattshed.clocks.choosing.picks import best
from wattshed.clocks.choosing.rules.protocol import Rule
from wattshed.foundation import plugins
from wattshed.statistics.levels import LEVEL

# Rules whose cost can be compared draw by draw: E T^n. The search goes by least energy for any other rule.
DELAY_EXPONENTS = {"least_energy": 0, "energy": 0, "edp": 1, "ed2p": 2}
OTHERWISE = "least_energy"


@dataclass(frozen=True)
class Outlook:
    """``pick``: the best legal setting as far as is known. ``held``: the one that the choice from these rows makes; the
    maximum where no other is shown to keep the limits and to save.

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
        return float(np.expm1(np.quantile(self.held_regret, LEVEL)))


def in_band(legal: tuple[int, ...], limits: Limits) -> np.ndarray:
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
    rows: pd.DataFrame, legal: tuple[int, ...], limits: Limits, *, rule: str, draws: int, seed: int
) -> Outlook:
    """From rows that count, at least one at the maximum, by the estimates and the rule of the choice."""
    name = rule if rule in DELAY_EXPONENTS else OTHERWISE
    plugin: Rule = plugins.load("clock_rule", name)
    means = setting_means(rows)
    # At the measured settings these are the draws of the choice with the same seed.
    curves = draw_curves(means, legal, draws, np.random.default_rng(seed))
    estimates = estimates_of(curves, means)
    kept = feasible(estimates, limits)
    decided = best(name, plugin, estimates, kept, limits)
    cost = np.log(curves.energy_j) + DELAY_EXPONENTS[name] * np.log(curves.time_s)
    allowed = in_band(legal, limits)
    slowdown, bound = estimates.slowdown_against(limits.relative_to)
    within = (slowdown[1:] <= limits.max_slowdown_share + ROUNDING) & allowed
    within[:, -1] = True
    shown = (bound <= limits.max_slowdown_share + ROUNDING) & allowed
    shown[-1] = True
    pick = int(np.where(shown, cost.mean(axis=0), np.inf).argmin())
    held = decided.candidate.place if decided.is_used else len(legal) - 1
    least = np.where(within, cost, np.inf).min(axis=1)
    return Outlook(curves, means, estimates.counts, pick, held, cost[:, pick] - least, cost[:, held] - least)
