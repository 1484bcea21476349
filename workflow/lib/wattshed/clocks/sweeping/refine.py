"""Which windows tell most about the choice."""

import numpy as np

from wattshed.clocks.choosing.fitting.curve_draws import CurveDraws


def telling_windows(
    curves: CurveDraws,
    regret: np.ndarray,
    noise: tuple[float, float],
    first: list[int],
    count: int,
    window_s: np.ndarray,
) -> list[int]:
    """``count`` positions among the settings of ``curves``, those of ``first`` included, in no particular order.

    A window at one setting reads its time and its power. How much it would narrow ``regret`` [B] follows from the
    covariance of the draws: cov(reading, regret)^2 / (var(reading) + noise^2), per second of a window [L] (expected
    reduction of a linear model's variance: Cohn, Neural Networks 9, 1996). After each pick the covariances are those
    that are left once it is measured, so that the next one tells something else. noise: of one window's time and power.
    """
    readings = [
        _Reading(np.log(curves.time_s), regret, noise[0]),
        _Reading(np.log(curves.power_w), regret, noise[1]),
    ]
    picked: list[int] = []
    for place in range(count):
        if place < len(first):
            best = first[place]
        else:
            best = int((sum(reading.gain() for reading in readings) / window_s).argmax())
        picked.append(best)
        for reading in readings:
            reading.measure(best)
    return picked


class _Reading:
    """One quantity at all settings: its covariance [L, L], and that with the regret [L]."""

    def __init__(self, values: np.ndarray, regret: np.ndarray, noise: float) -> None:
        centred = values - values.mean(axis=0)
        self._own = centred.T @ centred / len(values)
        self._with_regret = centred.T @ (regret - regret.mean()) / len(values)
        self._noise = noise**2

    def gain(self) -> np.ndarray:
        return np.asarray(self._with_regret**2 / (np.diag(self._own) + self._noise))

    def measure(self, place: int) -> None:
        gain = self._own[place] / (self._own[place, place] + self._noise)
        self._with_regret = self._with_regret - self._with_regret[place] * gain
        self._own = self._own - np.outer(self._own[place], gain)
