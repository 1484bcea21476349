"""Refuses numbers that look like another unit, and says which."""

from pathlib import Path

import numpy as np

from wattshed.config.clocks.recording_columns import QUANTITIES, UNITS
from wattshed.foundation.faults import Fault

# What one GPU's typical value lies in. A run may be a training of a day; no GPU draws 3 kW or clocks at 6 GHz.
USUAL = {
    "clock": (50.0, 6000.0),
    "power": (1.0, 3000.0),
    "time": (0.0, 86_400.0),
    "temperature": (-40.0, 150.0),
}


def check_unit(path: Path, column: str, values: np.ndarray) -> None:
    """Raise :class:`Fault` if the median of the readings is far from what our unit allows, or shares exceed 1."""
    quantity = QUANTITIES[column]
    known = values[~np.isnan(values)]
    if not len(known):
        return
    if quantity == "share":
        # Counters of activity may exceed 1 by rounding.
        if known.max() > 1.05:
            _refuse(path, column, float(known.max()), "up to 1", "percent" if known.max() <= 105 else None)
        if known.min() < 0:
            _refuse(path, column, float(known.min()), "at least 0", None)
        return
    if quantity not in USUAL:
        return
    low, high = USUAL[quantity]
    # An idle GPU may draw less than a watt, a busy one does not.
    typical = float(np.max(known) if quantity == "power" and np.median(known) < low else np.median(known))
    if not low <= typical <= high:
        others = [unit for unit, factor in UNITS[quantity].items() if low <= typical * factor <= high]
        _refuse(
            path,
            column,
            typical,
            f"{low:g} to {high:g} {next(iter(UNITS[quantity]))}",
            others[0] if others else None,
        )


def check_power_time_energy(
    path: Path, power_w: np.ndarray, time_s: np.ndarray, energy_j: np.ndarray
) -> None:
    """Raise :class:`Fault` if energy and power times time differ by a factor of 1,000, as by a wrong unit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = energy_j / (power_w * time_s)
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    if not len(ratios):
        return
    ratio = float(np.median(ratios))
    if 300 < ratio < 3000:
        guess = "energy_j: mJ"
    elif 1 / 3000 < ratio < 1 / 300:
        guess = "time_s: ms (or power_w: mW, or energy_j: kJ)"
    else:
        return
    raise Fault(
        f"{path}: energies are {ratio:.3g} times power x time: expected about 1; set units, such as {{{guess}}}."
    )


def _refuse(path: Path, column: str, value: float, expected: str, unit: str | None) -> None:
    if unit is None:
        raise Fault(f"{path}: {column} is typically {value:g}: expected {expected}; correct the column.")
    raise Fault(
        f"{path}: {column} is typically {value:g}, which looks like {unit}: expected {expected}; set units: "
        f"{{{column}: {unit}}}."
    )
