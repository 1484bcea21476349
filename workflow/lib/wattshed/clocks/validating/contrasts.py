"""Slowdown and saving of a setting against the baseline, from raw rows, by two methods that are not the choice's.

``curve``: logarithms of time and of energy as a polynomial of the logarithm of the setting, fitted by least squares to
all rows of an interleaved sweep, if an F test against the repeats' own scatter does not refuse it (lack of fit; Draper
and Smith 1998, Applied Regression Analysis, section 2.2). ``neighbours``: the median of all differences between
logarithms of the rows within 2.5 % of the maximum around the setting and those of the baseline, with the interval of
the rank sum test (Hodges and Lehmann 1963, Ann. Math. Stat. 34), which one disturbed run does not move.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import fdtrc, ndtri, stdtrit

from wattshed.clocks.validating.raw_rows import RawRows

NEIGHBOURHOOD_SHARE = 0.025
DEGREES = (2, 3)
# A curve is refused where its misfit would arise by chance in fewer than one of twenty sweeps.
LEAST_P = 0.05
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Contrast:
    """A ratio to the baseline minus 1, with its interval; infinite bounds where there are too few rows."""

    share: float
    low: float
    high: float


class Contrasts:
    """Contrasts of one cell. ``time_s``, ``energy_j`` and ``power_w`` are columns; the baseline must have rows."""

    def __init__(self, raw: RawRows) -> None:
        self._raw = raw
        self._settings = raw.rows["setting"].to_numpy(dtype=float)
        self._base = raw.rows.index.isin(raw.reference.index)
        self._logs = {
            column: np.log(raw.rows[column].to_numpy(dtype=float)) for column in ("time_s", "energy_j")
        }

    @cached_property
    def method(self) -> str:
        return "curve" if self._raw.interleaved and all(self._curves.values()) else "neighbours"

    def at(self, setting: int, column: str, confidence: float = CONFIDENCE) -> Contrast:
        """Time or energy at a setting over that of the baseline, minus 1."""
        curve = self._curves[column] if self.method == "curve" else None
        if curve is not None:
            return curve.contrast(setting, self._raw.maximum, confidence)
        here = np.abs(self._settings - setting) <= NEIGHBOURHOOD_SHARE * self._raw.maximum
        return _shift(self._logs[column][here], self._logs[column][self._base], confidence)

    def power_share(self, setting: int) -> float:
        """Power saved at a setting, as a share of the baseline's."""
        time, energy = (self.at(setting, column).share for column in ("time_s", "energy_j"))
        return 1 - (1 + energy) / (1 + time)

    @cached_property
    def _curves(self) -> dict[str, "_Curve | None"]:
        return {column: _fit(self._settings, logs) for column, logs in self._logs.items()}


@dataclass(frozen=True)
class _Curve:
    scale: float
    coefficients: np.ndarray
    covariance: np.ndarray
    freedom: int

    def contrast(self, setting: float, maximum: float, confidence: float) -> Contrast:
        degree = len(self.coefficients) - 1
        step = (
            np.vander(np.log([setting, maximum]) - self.scale, degree + 1, increasing=True) * [[1], [-1]]
        ).sum(0)
        middle = float(step @ self.coefficients)
        half = float(stdtrit(self.freedom, (1 + confidence) / 2)) * math.sqrt(
            max(0.0, float(step @ self.covariance @ step))
        )
        return _shares(middle, half)


def _fit(settings: np.ndarray, logs: np.ndarray) -> _Curve | None:
    """The polynomial of the least degree that the repeats do not refuse; None without one, or without repeats."""
    levels, places = np.unique(settings, return_inverse=True)
    means = np.bincount(places, logs) / np.bincount(places)
    pure_freedom = len(logs) - len(levels)
    pure = float(np.square(logs - means[places]).sum())
    scale = float(np.log(settings).mean())
    for degree in DEGREES:
        if len(levels) <= degree + 1 or pure_freedom < 2:
            return None
        design = np.vander(np.log(settings) - scale, degree + 1, increasing=True)
        coefficients = np.linalg.lstsq(design, logs, rcond=None)[0]
        left = float(np.square(logs - design @ coefficients).sum())
        misfit, misfit_freedom = max(0.0, left - pure), len(levels) - degree - 1
        # Without noise, rounding is all that is left.
        exact = left <= 1e-12 * len(logs)
        ratio = math.inf if pure == 0 else (misfit / misfit_freedom) / (pure / pure_freedom)
        if exact or float(fdtrc(misfit_freedom, pure_freedom, ratio)) >= LEAST_P:
            freedom = len(logs) - degree - 1
            return _Curve(scale, coefficients, np.linalg.inv(design.T @ design) * (left / freedom), freedom)
    return None


def _shift(here: np.ndarray, base: np.ndarray, confidence: float) -> Contrast:
    """Hodges-Lehmann shift; the normal approximation of the rank sum gives the ends' places among the differences."""
    if not (len(here) and len(base)):
        return Contrast(math.nan, -math.inf, math.inf)
    differences = np.sort(np.subtract.outer(here, base).ravel())
    count = len(differences)
    spread = math.sqrt(count * (len(here) + len(base) + 1) / 12)
    place = math.floor(count / 2 - float(ndtri((1 + confidence) / 2)) * spread)
    middle = math.expm1(float(np.median(differences)))
    if place < 1:
        return Contrast(middle, -math.inf, math.inf)
    return Contrast(
        middle, math.expm1(float(differences[place - 1])), math.expm1(float(differences[count - place]))
    )


def _shares(middle: float, half: float) -> Contrast:
    return Contrast(math.expm1(middle), math.expm1(middle - half), math.expm1(middle + half))
