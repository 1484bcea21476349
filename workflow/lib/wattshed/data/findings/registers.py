"""Likely cumulative registers: readings that rise and rise, and fall only when the register starts again."""

import numpy as np

# Two days of hourly readings: fewer rises can be a morning.
LEAST_RISES = 48
# A fall is a new start if it ends below this share of the reading before: a register of the day ends its first hour
# below a quarter of the day's use.
NEW_START = 0.25
# A register that starts again each day rises for hours between two falls. A load falls as often as it rises, and
# seldom all the way.
RISES_PER_START = 5
STARTS_OF_FALLS = 0.95
# Corrections and exchanged meters: falls that are not new starts, as a share of the rises.
OTHER_FALLS = 0.002
# The reading is a sum of many differences.
SUM_OF_RISES = 5.0


def monotone_share(readings: np.ndarray) -> float:
    """Share of neighbouring readings [R], in time, that do not fall; NaN for fewer than two."""
    if len(readings) < 2:
        return float("nan")
    return float((readings[1:] >= readings[:-1]).mean())


def is_register(readings: np.ndarray) -> bool:
    """Whether observed readings [R] in order of time look like a cumulative register."""
    if len(readings) <= LEAST_RISES:
        return False
    change = np.diff(readings.astype(np.float64))
    rises, falls = change[change > 0], change < 0
    if len(rises) < LEAST_RISES or np.ptp(readings) < SUM_OF_RISES * np.median(rises):
        return False
    # A register that starts again does so at zero; one that also counts what is fed in may be below it.
    starts = falls & (readings[1:] >= 0) & (readings[1:] <= NEW_START * readings[:-1])
    others = int(falls.sum()) - int(starts.sum())
    if others <= OTHER_FALLS * len(rises) and starts.sum() * RISES_PER_START <= len(rises):
        return True
    return bool(starts.sum() >= STARTS_OF_FALLS * falls.sum() and falls.sum() * RISES_PER_START <= len(rises))
