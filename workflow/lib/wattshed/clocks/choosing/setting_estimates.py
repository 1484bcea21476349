"""Time and energy of every setting against the maximum, as an estimate and as draws of what it leaves open."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wattshed.clocks.choosing.answer import Estimator, Fitted
from wattshed.clocks.choosing.rules.limits import RelativeTo
from wattshed.clocks.choosing.rules.protocol import Outcomes
from wattshed.statistics.levels import LEVEL

INTERVAL = (0.025, 0.975)
# With which a setting keeps the slowdown limit, by draws of laws: one-sided, as the limit is.
LIMIT_LEVEL = LEVEL
# Of the savings by draws of laws at one look. A search looks ten times and more and may stop at a lucky one.
LOOK_LEVEL = 0.98


@dataclass(frozen=True)
class Estimates:
    """Settings [C], ascending, the last the maximum; arrays [B, C] hold the estimate in row 0 and draws below it.

    counts: valid runs of each setting, 0 where only the laws know it; of the maximum, those of the baseline.
    base_time_s, base_energy_j: [B] of a call at the baseline. saving, slowdown: shares relative to it, 0 at the
    maximum.
    """

    estimator: Estimator
    settings: np.ndarray
    counts: np.ndarray
    base_time_s: np.ndarray
    base_energy_j: np.ndarray
    saving: np.ndarray
    slowdown: np.ndarray

    @property
    def time_s(self) -> np.ndarray:
        """Time of a call [s], [B, C]."""
        return self.base_time_s[:, None] * (1 + self.slowdown)

    @property
    def energy_j(self) -> np.ndarray:
        """Energy of a call [J], [B, C]."""
        return self.base_energy_j[:, None] * (1 - self.saving)

    @property
    def outcomes(self) -> Outcomes:
        """What the rules see."""
        return Outcomes(self.settings, 1 - self.saving, 1 + self.slowdown)

    @cached_property
    def saving_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds [C] of the savings of all settings together."""
        low, high = self._joint(self.saving[:, :-1])
        return np.append(low, 0.0), np.append(high, 0.0)

    def _joint(self, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds [C - 1] for all settings below the maximum together; lower: estimate and draws [B, C - 1]."""
        if self.estimator == "median":
            return joint_bounds(lower, self.counts[self.counts > 0], pooled=True)
        return joint_bounds(lower, None, among=self.counts[:-1] > 0, level=LOOK_LEVEL)

    @cached_property
    def slowdown_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds [C] of the slowdown of each setting alone."""
        low, high = np.quantile(self.slowdown, INTERVAL, axis=0)
        return low, high

    @cached_property
    def power_bounds_w(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds [C] of the powers of all settings together [W]: of their ratios to the maximum, times its power."""
        low, high = self._joint(((1 - self.saving) / (1 + self.slowdown))[:, :-1])
        base_w = self.base_energy_j[0] / self.base_time_s[0]
        return base_w * np.append(low, 1.0), base_w * np.append(high, 1.0)

    def slowdown_against(self, reference: RelativeTo) -> tuple[np.ndarray, np.ndarray]:
        """Slowdown [B, C] relative to the maximum, or to the fastest setting of each draw, and the bound [C] that must
        keep a limit: of the draws of laws the 95 % quantile, because a limit is one-sided; of medians, whose bootstrap
        shows too little of the noise of few repeats, the end of the 95 % interval.
        """
        slowdown = self.slowdown
        if reference == "fastest":
            time = 1 + slowdown
            slowdown = time / time.min(axis=1, keepdims=True) - 1
        return slowdown, np.quantile(
            slowdown, INTERVAL[1] if self.estimator == "median" else LIMIT_LEVEL, axis=0
        )

    def fitted(self) -> tuple[Fitted, ...]:
        """The values of every setting with their intervals."""
        time_s, energy_j = self.time_s[0], self.energy_j[0]
        power_low, power_high = self.power_bounds_w
        (saving_low, saving_high), (slow_low, slow_high) = self.saving_bounds, self.slowdown_bounds
        return tuple(
            Fitted(
                int(setting),
                bool(self.counts[place] > 0),
                int(self.counts[place]),
                float(time_s[place]),
                float(energy_j[place]),
                float(energy_j[place] / time_s[place]),
                float(power_low[place]),
                float(power_high[place]),
                float(self.saving[0, place]),
                float(saving_low[place]),
                float(saving_high[place]),
                float(self.slowdown[0, place]),
                float(slow_low[place]),
                float(slow_high[place]),
            )
            for place, setting in enumerate(self.settings)
        )


def joint_bounds(
    draws: np.ndarray,
    repeats: np.ndarray | None,
    *,
    pooled: bool = False,
    among: np.ndarray | None = None,
    level: float = LEVEL,
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds [C] that hold for all settings together with ``level``: the best one is picked by the same data.

    draws: [B, C], row 0 the estimate, the others draws; repeats: of each setting if the draws are resamples of them,
    else None; pooled: whether all settings are taken to scatter alike, as where each is known by its own few repeats
    and not by a law of all; among: which settings [C] may be picked (all if None). Bootstrap with
    the largest studentised deviation over all settings (Westfall and Young 1993, single step). Means of resamples of n
    repeats vary too little by the factor sqrt((n - 1) / n); for medians of few repeats the correction is larger than
    needed.
    """
    deviations = draws[1:] - draws[0]
    if repeats is not None:
        few = int(repeats[repeats > 1].min(initial=max(2, int(repeats.max()))))
        deviations *= math.sqrt(few / (few - 1))
    spread = deviations.std(axis=0)
    if pooled and (known := spread[spread > 0]).size:
        # A setting that scatters more keeps its own.
        spread = np.maximum(spread, np.sqrt(np.square(known).mean()))
    with np.errstate(invalid="ignore"):
        studentised = np.nan_to_num(np.abs(deviations) / spread)
    largest = (studentised if among is None else studentised[:, among]).max(axis=1, initial=0.0)
    half = float(np.quantile(largest, level)) * spread
    return draws[0] - half, draws[0] + half
