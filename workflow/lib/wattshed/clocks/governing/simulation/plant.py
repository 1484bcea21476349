"""Runs a simulated mix: a clock that can be locked, work that goes on, meters that lag and are noisy.

It does what a GPU with a workload does for a governor: it is a back end without measurements of its own, and a
sampler.
"""

import math

import numpy as np

from wattshed.clocks.governing.reading import Reading
from wattshed.clocks.governing.simulation.mix import Mix

COLUMNS = ("gpu_busy_share", "memory_busy_share", "sm_active_share", "tensor_share", "dram_share")


class Plant:
    """Time [s], energy [J] and the time line of one run under changing clocks."""

    columns = COLUMNS

    def __init__(self, mix: Mix, seed: int, window_s: float, sample_s: float = 0.1) -> None:
        self.mix = mix
        self.time_s = 0.0
        self.energy_j = 0.0
        self._random = np.random.default_rng(seed)
        self._window_s = window_s
        self._sample_s = sample_s
        self._setting = mix.maximum
        self._place = 0
        self._left_s = mix.segments[0].work_s
        self._stall_s = 0.0
        self._units = 0.0
        self._meters: np.ndarray | None = None

    def settings(self) -> tuple[int, ...]:
        return self.mix.settings

    def lock(self, setting: int) -> None:
        if setting not in self.mix.settings:
            raise ValueError(f"{setting} MHz is not a clock of the simulated GPU")
        if setting != self._setting:
            self._stall_s += self.mix.transition_s
        self._setting = setting

    def applied(self) -> int:
        return self._setting

    def reset(self) -> None:
        self._setting = self.mix.maximum

    @property
    def phase(self) -> str:
        """The true phase now; a governor does not see it."""
        return self.mix.segments[min(self._place, len(self.mix.segments) - 1)].law.phase

    def next_window(self) -> Reading | None:
        """Let a window pass; its medians and throughput, or None if the run ended within it."""
        start_s, units = self.time_s, self._units
        shown = []
        for _ in range(max(1, round(self._window_s / self._sample_s))):
            if not self._advance():
                return None
            shown.append(self._meters)
        noisy = np.array(shown) * self._random.normal(1, self.mix.noise, (len(shown), len(COLUMNS)))
        values = dict(zip(COLUMNS, np.median(np.clip(noisy, 0, 1), axis=0).tolist(), strict=True))
        rate = (self._units - units) / (self.time_s - start_s)
        return Reading(self.time_s, values, rate * float(self._random.normal(1, self.mix.noise)))

    def _advance(self) -> bool:
        """One sampling period; False once the work is done."""
        left_s, mean = self._sample_s, np.zeros(len(COLUMNS))
        while left_s > 0 and self._place < len(self.mix.segments):
            law = self.mix.segments[self._place].law
            share = self._setting / self.mix.maximum
            slow = 1 + law.slowdown(share)
            stall_s = min(self._stall_s, left_s)
            if stall_s:
                step_s, done_s = stall_s, 0.0
                self._stall_s -= stall_s
            else:
                step_s = min(left_s, self._left_s * slow)
                done_s = step_s / slow
            self.time_s += step_s
            self.energy_j += step_s * law.power_w(share)
            self._units += done_s * law.units_per_s
            self._left_s -= done_s
            left_s -= step_s
            mean += step_s / self._sample_s * np.array(list(law.activity(share).values()))
            # What is left after the last step is rounding.
            if self._left_s <= 1e-9:
                self._place += 1
                if self._place < len(self.mix.segments):
                    self._left_s = self.mix.segments[self._place].work_s
        if self._meters is None:
            self._meters = mean
        else:
            keep = math.exp(-self._sample_s / self.mix.lag_s) if self.mix.lag_s else 0.0
            self._meters = keep * self._meters + (1 - keep) * mean
        return self._place < len(self.mix.segments)
