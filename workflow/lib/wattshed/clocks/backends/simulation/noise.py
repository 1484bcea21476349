"""Seeded noise, and counters that only move in steps."""

import math

import numpy as np


class Noise:
    def __init__(self, cv: float, random: np.random.Generator) -> None:
        variance = math.log1p(cv**2)
        self._mean, self._sigma = -variance / 2, math.sqrt(variance)
        self._random = random

    def factor(self) -> float:
        """A log-normal factor with mean 1 and the configured coefficient of variation."""
        return float(self._random.lognormal(self._mean, self._sigma))

    def counted(self, window_s: float, quantum_s: float) -> float:
        """The part of the window [s] that a counter with this step counts; its phase is random."""
        if quantum_s == 0:
            return window_s
        return quantum_s * math.floor(window_s / quantum_s + self._random.random())
