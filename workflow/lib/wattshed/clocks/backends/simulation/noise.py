"""Seeded noise, and counters that only move in steps."""

import math

import numpy as np


class Noise:
    """cv: coefficient of variation of every factor; random: where all of it is drawn from."""

    def __init__(self, cv: float, random: np.random.Generator) -> None:
        variance = math.log1p(cv**2)
        self._mean, self._sigma = -variance / 2, math.sqrt(variance)
        self._random = random
        # Stamps draw from a stream of their own, so that a sweep with coarse ones has the same noise otherwise.
        self._stamps = random.spawn(1)[0]

    def factor(self) -> float:
        """A log-normal factor with mean 1 and the configured coefficient of variation."""
        return float(self._random.lognormal(self._mean, self._sigma))

    def counted_s(self, window_s: float, quantum_s: float) -> float:
        """The part of the window [s] that an energy counter with this step counts; its phase is random."""
        return _steps_of(quantum_s, window_s, self._random)

    def stamped_s(self, window_s: float, quantum_s: float) -> float:
        """The window [s] as two stamps with this step show it; at least one step."""
        return max(quantum_s, _steps_of(quantum_s, window_s, self._stamps))


def _steps_of(quantum_s: float, window_s: float, random: np.random.Generator) -> float:
    if quantum_s == 0:
        return window_s
    return quantum_s * math.floor(window_s / quantum_s + random.random())
