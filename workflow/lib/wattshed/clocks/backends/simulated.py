"""An invented GPU that follows the published laws of time and power, with noise and a coarse counter.

It does not depend on this machine: the same settings and seed give the same bytes.

Laws and ranges: P = p0 + p1 (f/fmax)^k fits measured boards within 1-3 %, T = a + b fmax/f within 1 % where
the work is not bound by memory. Its results are not measurements of a GPU.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wattshed.clocks.backends.protocol import ClockReading, Label
from wattshed.clocks.runs import CLOCK
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock

if TYPE_CHECKING:
    import torch


class SimulatedClocks:
    """Clock back end without a GPU. The workload is not run; windows take simulated time."""

    name = "simulated"
    label: Label = "simulated"
    gpu_uuid = None
    knob = CLOCK

    def __init__(self, block: SimulatedBlock, seed: int) -> None:
        self.gpu = block.gpu
        self._block = block
        self._random = np.random.default_rng(seed)
        self._locked_mhz = block.maximum_mhz

    def settings(self) -> tuple[int, ...]:
        block = self._block
        return tuple(range(block.minimum_mhz, block.maximum_mhz + 1, block.step_mhz))

    def lock(self, setting: int) -> None:
        if setting not in self.settings():
            raise ValueError(f"{setting} MHz is not a clock of {self.gpu}")
        self._locked_mhz = setting

    def applied(self) -> int:
        return self._locked_mhz

    def reset(self) -> None:
        self._locked_mhz = self._block.maximum_mhz

    def recorded_sweep(self) -> pd.DataFrame | None:
        return None

    def true_time_s(self, setting: int) -> float:
        """Noise-free time of one call [s]."""
        share = self._block.compute_share
        return self._block.call_s * (share * self._block.maximum_mhz / setting + 1 - share)

    def true_power_w(self, setting: int) -> float:
        """Noise-free power [W]."""
        block = self._block
        return block.p0_w + block.p1_w * (setting / block.maximum_mhz) ** block.exponent

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        time_s = self.true_time_s(self._locked_mhz) * self._noise()
        power_w = self.true_power_w(self._locked_mhz) * self._noise()
        calls = max(1, math.ceil(min_s / time_s))
        energy_j = power_w * self._counted_s(calls * time_s) / calls
        return ClockReading(time_s=time_s, energy_j=energy_j, applied=self._locked_mhz, energy_by="simulated")

    def _noise(self) -> float:
        """A log-normal factor with mean 1 and the configured coefficient of variation."""
        variance = math.log1p(self._block.noise_cv**2)
        return float(self._random.lognormal(-variance / 2, math.sqrt(variance)))

    def _counted_s(self, window_s: float) -> float:
        """The part of the window [s] that a counter with this quantum counts; its phase is random."""
        quantum_s = self._block.counter_quantum_s
        if quantum_s == 0:
            return window_s
        return quantum_s * math.floor(window_s / quantum_s + self._random.random())


class SimulatedBackend:
    def open(self, block: ClocksBlock) -> SimulatedClocks:
        return SimulatedClocks(block.simulated, block.seed)

    def device(self, block: ClocksBlock) -> "torch.device":
        from wattshed.devices.torch_device import choose_device

        return choose_device("cpu")


BACKEND = SimulatedBackend()
