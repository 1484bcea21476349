"""Units in which a set of numbers is easy to read, and the metrics' names in print."""

import textwrap
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from wattshed.energy.reading import JOULES_PER_KWH

ERROR_NAMES = {"mae": "MAE", "rmse": "RMSE", "wape": "WAPE", "mase": "MASE", "r2": "R²"}
LABEL_WIDTH = 24
WH_PER_KWH = 1000
G_PER_KG = 1000


class Scale(NamedTuple):
    """``factor`` turns kWh or kg into ``unit``."""

    unit: str
    factor: float


ENERGY_SCALES = (
    Scale("kWh", 1.0),
    Scale("Wh", 1e3),
    Scale("J", JOULES_PER_KWH),
    Scale("mJ", JOULES_PER_KWH * 1e3),
)
MASS_SCALES = (Scale("kg", 1.0), Scale("g", 1e3), Scale("mg", 1e6), Scale("µg", 1e9))


def energy_scale(values_kwh: Iterable[float]) -> Scale:
    """kWh, Wh, J or mJ: the first in which the median of the known values is at least 0.1."""
    return _scale(values_kwh, ENERGY_SCALES)


def mass_scale(values_kg: Iterable[float]) -> Scale:
    """kg, g, mg or µg by the same rule."""
    return _scale(values_kg, MASS_SCALES)


def error_name(metric: str) -> str:
    return ERROR_NAMES.get(metric, metric)


def error_axis(metric: str, unit: str) -> str:
    return f"{error_name(metric)} ({unit})" if unit else error_name(metric)


def wrapped(name: object, width: int = LABEL_WIDTH) -> str:
    """A long name over several lines, broken after underscores and hyphens if possible."""
    # textwrap may break at zero-width spaces, which are removed again.
    soft = str(name).replace("_", "_ ").replace("-", "- ")
    lines = textwrap.wrap(soft, width, break_on_hyphens=False) or [str(name)]
    return "\n".join(line.replace("_ ", "_").replace("- ", "-") for line in lines)


def _scale(values: Iterable[float], scales: tuple[Scale, ...]) -> Scale:
    known = np.asarray([float(value) for value in values], dtype="float64")
    known = np.abs(known[np.isfinite(known) & (known != 0)])
    middle = float(np.median(known)) if len(known) else 1.0
    return next((scale for scale in scales if middle * scale.factor >= 0.1), scales[-1])
