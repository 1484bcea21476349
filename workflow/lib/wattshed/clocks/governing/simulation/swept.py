"""Simulated sweeps of each phase of a mix alone: noisy, and of few clocks. A governor may know no more."""

import numpy as np

from wattshed.clocks.governing.curves import PhaseCurve, levelled
from wattshed.clocks.governing.simulation.mix import Law, Mix
from wattshed.clocks.phases.rule import IDLE

# What a sweep of one phase measures: clocks, repeats of each, and the noise of one repeat.
POINTS = 12
REPEATS = 5
SWEEP_NOISE = 0.03
EXPONENTS = np.arange(1.0, 4.01, 0.25)


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
    slowdown = np.zeros_like(legal) if law.phase == IDLE else levelled(fitted_times / fitted_times[-1] - 1)
    return PhaseCurve(settings, tuple(slowdown.tolist()), tuple(fitted_powers.tolist()))


def _fit(design: np.ndarray, values: np.ndarray, law: np.ndarray) -> tuple[np.ndarray, float]:
    """Fitted values on all legal clocks, and the misfit."""
    weighted = design / values[:, None]
    (constant, slope), *_ = np.linalg.lstsq(weighted, np.ones(len(values)), rcond=None)
    misfit = float(((weighted @ np.array([constant, slope]) - 1) ** 2).sum())
    return constant + slope * law, misfit
