"""Energy between any two times of a log of powers, or of a counter."""

import numpy as np


class PowerCurve:
    """Power between samples follows straight lines; energy is its integral (trapezoid rule over the real times).

    time_s [samples]: rising, may repeat; power_w [samples]. Samples without a power must be left out before. Before the
    first and after the last sample the power is taken to be constant: the caller says how far that may go.
    """

    def __init__(self, time_s: np.ndarray, power_w: np.ndarray) -> None:
        self._time_s = np.asarray(time_s, dtype=np.float64)
        self._power_w = np.asarray(power_w, dtype=np.float64)
        steps = np.diff(self._time_s) * (self._power_w[1:] + self._power_w[:-1]) / 2
        self._energy_j = np.concatenate([[0.0], np.cumsum(steps)])

    def energy_j(self, start_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
        """Energy of each window [windows]."""
        return self._until(np.asarray(end_s, dtype=np.float64)) - self._until(
            np.asarray(start_s, dtype=np.float64)
        )

    def _until(self, at_s: np.ndarray) -> np.ndarray:
        left = np.clip(np.searchsorted(self._time_s, at_s, side="right") - 1, 0, len(self._time_s) - 1)
        after_s = at_s - self._time_s[left]
        power_w = np.interp(at_s, self._time_s, self._power_w)
        energies: np.ndarray = self._energy_j[left] + after_s * (self._power_w[left] + power_w) / 2
        return energies


def counted_j(
    time_s: np.ndarray, counter_j: np.ndarray, start_s: np.ndarray, end_s: np.ndarray
) -> np.ndarray:
    """Energy of each window [windows] by a counter that rises evenly between its readings; NaN where it fell within the
    window, as after a reload of the driver.
    """
    energies = np.interp(end_s, time_s, counter_j) - np.interp(start_s, time_s, counter_j)
    falls = time_s[1:][np.diff(counter_j) < 0]
    first = np.searchsorted(time_s, start_s, side="right") - 1
    last = np.searchsorted(time_s, end_s, side="left")
    # A fall counts if it lies between the readings around the window.
    before = time_s[np.clip(first, 0, len(time_s) - 1)]
    after = time_s[np.clip(last, 0, len(time_s) - 1)]
    fell = np.searchsorted(falls, after, side="right") > np.searchsorted(falls, before, side="right")
    return np.where(fell, np.nan, energies)
