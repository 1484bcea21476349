"""Time and energy of every setting against the maximum, as the data say and as their bootstrap draws do."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.answer import Estimator, Fitted
from wattshed.clocks.choosing.curves import noise_from, power_law, running_median, time_law
from wattshed.clocks.choosing.rules.limits import RelativeTo
from wattshed.clocks.choosing.rules.protocol import Outcomes
from wattshed.clocks.contamination.usable import UsableSweep, typical_cv, usable_sweep
from wattshed.statistics.levels import LEVEL

DRAWS = 1000
INTERVAL = (0.025, 0.975)
COLUMNS = ["time_s", "power_w", "energy_j"]


@dataclass(frozen=True)
class Estimates:
    """Settings [C], ascending, the last the maximum; arrays [B, C] hold the data in row 0 and draws below it.

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
        repeats = self.counts[self.counts > 0]
        low, high = joint_bounds(self.saving[:, :-1], repeats, pooled=self.estimator == "median")
        return np.append(low, 0.0), np.append(high, 0.0)

    @cached_property
    def slowdown_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds [C] of the slowdown of each setting alone."""
        low, high = np.quantile(self.slowdown, INTERVAL, axis=0)
        return low, high

    def slowdown_against(self, reference: RelativeTo) -> tuple[np.ndarray, np.ndarray]:
        """Slowdown [B, C] relative to the maximum, or to the fastest setting of each draw, and its upper bound [C]."""
        if reference == "maximum":
            return self.slowdown, self.slowdown_bounds[1]
        time = 1 + self.slowdown
        slowdown = time / time.min(axis=1, keepdims=True) - 1
        return slowdown, np.quantile(slowdown, INTERVAL[1], axis=0)

    def fitted(self) -> tuple[Fitted, ...]:
        """The values of every setting with their intervals."""
        time_s, energy_j = self.time_s[0], self.energy_j[0]
        (saving_low, saving_high), (slow_low, slow_high) = self.saving_bounds, self.slowdown_bounds
        return tuple(
            Fitted(
                int(setting),
                bool(self.counts[place] > 0),
                int(self.counts[place]),
                float(time_s[place]),
                float(energy_j[place]),
                float(energy_j[place] / time_s[place]),
                float(self.saving[0, place]),
                float(saving_low[place]),
                float(saving_high[place]),
                float(self.slowdown[0, place]),
                float(slow_low[place]),
                float(slow_high[place]),
            )
            for place, setting in enumerate(self.settings)
        )


def estimate(
    rows: pd.DataFrame, *, seed: int = 0, draws: int = DRAWS, legal: tuple[int, ...] = ()
) -> Estimates:
    """Estimates from the rows of one cell (columns of ``clocks.runs.COLUMNS``) of which some must count.

    Time and memory grow with the draws and the settings. legal: settings that are added where the laws hold, if they
    are between measured ones.
    """
    return estimate_sweep(usable_sweep(rows), seed=seed, draws=draws, legal=legal)


def estimate_sweep(
    sweep: UsableSweep, *, seed: int, draws: int = DRAWS, legal: tuple[int, ...] = ()
) -> Estimates:
    """Estimates from the usable rows: at least one of the baseline, and one at a lower setting."""
    settings, starts, counts = np.unique(
        sweep.rows["setting"].to_numpy(dtype=float), return_index=True, return_counts=True
    )
    # The usable rows are in the order of their settings.
    groups = np.split(sweep.rows[COLUMNS].to_numpy(dtype=float), starts[1:])
    drawn = _draw(groups, seed, draws)
    medians = np.stack([np.median(one, axis=1) for one in drawn], axis=1)
    times_s, powers_w, energies_j = (medians[:, :, column] for column in range(3))

    measured = settings
    between = [one for one in set(map(float, legal)) - set(settings) if settings[0] < one < settings[-1]]
    at = np.sort(np.concatenate([settings, between]))
    repeats = int(np.median(counts))
    time = time_law(settings, times_s, counts, noise_from(typical_cv(sweep, "time_s"), repeats), at)
    power = power_law(settings, powers_w, counts, noise_from(typical_cv(sweep, "power_w"), repeats), at)
    estimator: Estimator
    # In a sweep that ran from one end to the other, drift would bias a fit over all settings: use medians only.
    if sweep.protocol == "interleaved" and time.fits and power.fits:
        estimator, settings = "law", at
        time_s, energy_j = time.values, time.values * power.values
        base_s, base_j = time_s[:, -1], energy_j[:, -1]
    else:
        estimator = "median"
        time_s, energy_j = running_median(settings, times_s), running_median(settings, energies_j)
        near = np.isin(settings, sweep.baseline_settings)
        pooled = np.concatenate([one for one, chosen in zip(drawn, near, strict=True) if chosen], axis=1)
        base_s, base_j = np.median(pooled[:, :, 0], axis=1), np.median(pooled[:, :, 2], axis=1)
    lower = settings < sweep.maximum
    known = np.zeros(len(settings), dtype=int)
    known[np.searchsorted(settings, measured)] = counts
    nothing = np.zeros((1 + draws, 1))
    return Estimates(
        estimator,
        np.append(settings[lower], sweep.maximum).astype(int),
        np.append(known[lower], len(sweep.baseline)),
        base_s,
        base_j,
        np.hstack([(1 - energy_j / base_j[:, None])[:, lower], nothing]),
        np.hstack([(time_s / base_s[:, None] - 1)[:, lower], nothing]),
    )


def _draw(groups: list[np.ndarray], seed: int, draws: int) -> list[np.ndarray]:
    """For each setting [n, 3] the data and resamples of its repeats: [1 + draws, n, 3]."""
    random = np.random.default_rng(seed)
    return [
        np.concatenate([rows[None], rows[random.integers(len(rows), size=(draws, len(rows)))]])
        for rows in groups
    ]


def joint_bounds(draws: np.ndarray, repeats: np.ndarray, *, pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Bounds [C] that hold for all settings together with 95 %: the one that saves most is picked by the same data.

    draws: [B, C], row 0 the data itself, the others resamples; repeats: of each setting; pooled: whether all settings
    are taken to scatter alike, as where each is known by its own few repeats and not by a law of all. Bootstrap with
    the largest studentised deviation over all settings (Westfall and Young 1993, single step). Means of resamples of n
    repeats vary too little by the factor sqrt((n - 1) / n); for medians of few repeats the correction is larger than
    needed.
    """
    few = int(repeats[repeats > 1].min(initial=max(2, int(repeats.max()))))
    deviations = (draws[1:] - draws[0]) * math.sqrt(few / (few - 1))
    spread = deviations.std(axis=0)
    if pooled and (known := spread[spread > 0]).size:
        # A setting that scatters more keeps its own.
        spread = np.maximum(spread, np.sqrt(np.square(known).mean()))
    with np.errstate(invalid="ignore"):
        largest = np.nan_to_num(np.abs(deviations) / spread).max(axis=1, initial=0.0)
    half = float(np.quantile(largest, LEVEL)) * spread
    return draws[0] - half, draws[0] + half
