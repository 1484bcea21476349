"""Slowdown and power of each phase against the clock, as a user knows them: from noisy sweeps of each phase alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattshed.clocks.governing.mix import Law, Mix
from wattshed.clocks.phases.rule import IDLE
from wattshed.foundation.faults import Fault

# What a sweep of one phase measures: clocks, repeats of each, and the noise of one repeat.
POINTS = 12
REPEATS = 5
SWEEP_NOISE = 0.03
EXPONENTS = np.arange(1.0, 4.01, 0.25)


@dataclass(frozen=True)
class PhaseCurve:
    """Estimates for one phase. settings: ascending, the last one the maximum.

    slowdown: T(f)/T(fmax) - 1 of each setting; energy: E(f)/E(fmax); power_w: E(f)/T(f).
    """

    settings: tuple[int, ...]
    slowdown: tuple[float, ...]
    power_w: tuple[float, ...]

    def slowdown_at(self, setting: int) -> float:
        return float(np.interp(setting, self.settings, self.slowdown))

    def power_at(self, setting: int) -> float:
        return float(np.interp(setting, self.settings, self.power_w))

    def saving_at(self, setting: int) -> float:
        """Share of the energy at the maximum that this clock saves; negative if it costs more."""
        used = self.power_at(setting) * (1 + self.slowdown_at(setting))
        return 1 - used / self.power_w[-1]


def curve_of_choice(choice: Mapping[str, Any]) -> PhaseCurve:
    """The curve of a phase from the choice document of a sweep of that phase alone.

    Raises :class:`Fault` for a choice without fitted values, such as that of a refused sweep.
    """
    if choice.get("status") == "refused" or not choice.get("fitted"):
        raise Fault(
            f"the choice for {choice.get('workload')} was refused or has no fitted values: sweep this phase again, "
            "or leave it out, so that it runs at the maximum clock."
        )
    points = sorted((int(one["setting"]), one) for one in choice["fitted"])
    points = [point for point in points if point[0] < choice["maximum"]]
    base_w = choice["baseline_energy_j"] / choice["baseline_time_s"]
    slowdown = [float(one["slowdown_share"]) for _, one in points]
    power_w = [
        base_w * (1 - float(one["saving_share"])) / (1 + slower)
        for (_, one), slower in zip(points, slowdown, strict=True)
    ]
    settings = [setting for setting, _ in points]
    return PhaseCurve(
        (*settings, int(choice["maximum"])),
        (*_rising(np.array(slowdown)), 0.0),
        (*power_w, float(base_w)),
    )


def sweep_phases(mix: Mix, seed: int) -> dict[str, PhaseCurve]:
    """Curves of all phases that were swept alone, from simulated noisy repeats: what a user has, not the truth."""
    random = np.random.default_rng(seed)
    return {phase: _sweep(law, mix.settings, random) for phase, law in mix.swept.items()}


def _sweep(law: Law, settings: tuple[int, ...], random: np.random.Generator) -> PhaseCurve:
    """Least squares of relative errors: T = a + b fmax/f and P = p0 + p1 (f/fmax)^k with the best k of a grid."""
    legal = np.array(settings) / settings[-1]
    places = np.unique(np.linspace(0, len(settings) - 1, POINTS).round().astype(int))
    swept = legal[places]
    noise = random.normal(1, SWEEP_NOISE, (2, REPEATS, len(places)))
    times = np.median(np.array([1 + law.slowdown(one) for one in swept]) * noise[0], axis=0)
    powers = np.median(np.array([law.power_w(one) for one in swept]) * noise[1], axis=0)
    fitted_times, _ = _fit(np.stack([np.ones_like(swept), 1 / swept], 1), times, 1 / legal)
    fits = [_fit(np.stack([np.ones_like(swept), swept**k], 1), powers, legal**k) for k in EXPONENTS]
    fitted_powers = min(fits, key=lambda fit: fit[1])[0]
    slowdown = (
        np.zeros_like(legal) if law.phase == IDLE else _rising(fitted_times / fitted_times[-1] - 1)
    )
    return PhaseCurve(settings, tuple(slowdown.tolist()), tuple(fitted_powers.tolist()))


def _fit(design: np.ndarray, values: np.ndarray, law: np.ndarray) -> tuple[np.ndarray, float]:
    """Fitted values on all legal clocks, and the misfit."""
    weighted = design / values[:, None]
    (constant, slope), *_ = np.linalg.lstsq(weighted, np.ones(len(values)), rcond=None)
    misfit = float(((weighted @ np.array([constant, slope]) - 1) ** 2).sum())
    return constant + slope * law, misfit


def _rising(slowdown: np.ndarray) -> np.ndarray:
    """A lower clock is never faster: noise that says so is levelled, which errs on the side of time."""
    levelled: np.ndarray = np.maximum(0.0, np.maximum.accumulate(slowdown[::-1])[::-1])
    return levelled
