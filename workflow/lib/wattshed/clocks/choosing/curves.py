"""Time and energy as functions of the clock, from noisy repeats: from the laws if they fit, else from medians.

Laws: T = a + b fmax/f and P = p0 + p1 (f/fmax)^k, fitted to the medians of the clocks in relative terms. A
chi-square test against the repeats' own noise decides whether they hold; memory-bound work breaks the first
one. Without the law a clock's value is the median over the clocks within 2.5 % of fmax to either side: five
neighbours on a full sweep in steps of 15 MHz, the clock alone on a sparse one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

NEIGHBOURHOOD = 0.025
EXPONENTS = np.arange(0.5, 6.01, 0.25)
LEAST_CLOCKS_FOR_LAW = 5
LAW_P_VALUE = 0.01
# Smaller misfits than this do not matter to a choice, even on a quiet machine.
LEAST_NOISE = 0.002
# A median's variance is pi/2 times that of a mean, asymptotically.
MEDIAN_VARIANCE = np.pi / 2


@dataclass(frozen=True)
class Curve:
    """Smoothed values [B, C] for B bootstrap draws (the first is the data) over C clocks."""

    values: np.ndarray
    fits: bool


def time_law(
    settings: np.ndarray,
    times_s: np.ndarray,
    counts: np.ndarray,
    noise_cv: float,
    at: np.ndarray | None = None,
) -> Curve:
    """T = a + b fmax/f through the medians ``times_s`` [B, C], each of ``counts`` [C] repeats.

    at: settings [A] of the curve's values [B, A], from the lowest to the highest of ``settings``, which are among them;
    without it the settings themselves.
    """
    inverse = settings.max() / (settings if at is None else at)
    own = _own(settings, at)
    fitted = _fit(np.stack([np.ones_like(inverse), inverse], axis=1), own, times_s, counts)
    return Curve(fitted, _holds(times_s[0], fitted[0, own], counts, noise_cv, parameters=2))


def power_law(
    settings: np.ndarray,
    powers_w: np.ndarray,
    counts: np.ndarray,
    noise_cv: float,
    at: np.ndarray | None = None,
) -> Curve:
    """P = p0 + p1 (f/fmax)^k through the medians ``powers_w`` [B, C]; k is the best on a grid per draw.

    at: as for :func:`time_law`.
    """
    share = (settings if at is None else at) / settings.max()
    own = _own(settings, at)
    best = np.full(len(powers_w), np.inf)
    fitted = np.empty((len(powers_w), len(share)))
    for exponent in EXPONENTS:
        trial = _fit(np.stack([np.ones_like(share), share**exponent], axis=1), own, powers_w, counts)
        misfit = (counts * (trial[:, own] / powers_w - 1) ** 2).sum(axis=1)
        better = misfit < best
        best[better] = misfit[better]
        fitted[better] = trial[better]
    return Curve(fitted, _holds(powers_w[0], fitted[0, own], counts, noise_cv, parameters=3))


def running_median(settings: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Median of ``values`` [B, C] over each setting's neighbourhood."""
    reach = NEIGHBOURHOOD * settings.max()
    return np.stack(
        [np.median(values[:, np.abs(settings - one) <= reach], axis=1) for one in settings], axis=1
    )


def noise_from(typical_cv: float, repeats: int) -> float:
    """The noise that makes ``typical_cv`` the median of sample CVs of ``repeats`` normal repeats each."""
    if repeats < 2:
        return LEAST_NOISE
    shrinkage = np.sqrt(chi2.ppf(0.5, repeats - 1) / (repeats - 1))
    return max(LEAST_NOISE, float(typical_cv / shrinkage))


def _own(settings: np.ndarray, at: np.ndarray | None) -> np.ndarray:
    """Places of the measured settings among those of the curve."""
    return np.arange(len(settings)) if at is None else np.searchsorted(at, settings)


def _fit(design: np.ndarray, own: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Least squares of relative errors; the weights come from the data, so all draws share one inverse.

    design: [A, parameters], of which the rows ``own`` belong to the values.
    """
    weights = np.sqrt(counts) / values[0]
    solver = np.linalg.pinv(design[own] * weights[:, None])
    fitted: np.ndarray = (values * weights) @ solver.T @ design.T
    return fitted


def _holds(
    values: np.ndarray, fitted: np.ndarray, counts: np.ndarray, noise_cv: float, parameters: int
) -> bool:
    if len(values) < LEAST_CLOCKS_FOR_LAW or bool((fitted <= 0).any()):
        return False
    misfit = (counts / MEDIAN_VARIANCE * ((values / fitted - 1) / noise_cv) ** 2).sum()
    return bool(misfit <= chi2.ppf(1 - LAW_P_VALUE, len(values) - parameters))
