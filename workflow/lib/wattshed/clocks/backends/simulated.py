"""An invented GPU that follows the published laws of time and power, with noise, a coarse counter and, on demand,
faults.

It does not depend on this machine: the same settings and seed give the same bytes.

Laws and ranges: P = p0 + p1 (f/fmax)^k fits measured boards within 1-3 %, T = a + b fmax/f within 1 % where
the work is not bound by memory; memory-bound work is flat above a knee and steeper below. Its results are not
measurements of a GPU.
"""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wattshed.clocks.backends.protocol import ClockReading, Label
from wattshed.clocks.backends.simulation.heat import Heat
from wattshed.clocks.backends.simulation.laws import Laws
from wattshed.clocks.backends.simulation.noise import Noise
from wattshed.clocks.runs import KNOBS
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock

if TYPE_CHECKING:
    import torch


class SimulatedClocks:
    """Clock back end without a GPU. The workload is not run; windows take simulated time (``elapsed_s``).

    workload: the name of its laws in ``block.workloads``; any other name has the GPU's own laws.
    """

    name = "simulated"
    label: Label = "simulated"
    gpu_uuid = None

    def __init__(self, block: SimulatedBlock, seed: int, workload: str = "") -> None:
        self.gpu = block.gpu
        self.knob = KNOBS[block.knob]
        self.elapsed_s = 0.0
        self._block = block
        self._noise = Noise(block.noise_cv, np.random.default_rng(seed))
        self._heat = Heat(block.heat)
        self._windows = 0
        self._clocks_mhz = tuple(range(block.minimum_mhz, block.maximum_mhz + 1, block.step_mhz))
        self.use_workload(workload)

    def use_workload(self, workload: str) -> None:
        """Follow the laws of this workload from now on; the setting returns to the highest one."""
        self._laws = Laws(self._block.laws(workload), self._block.maximum_mhz)
        limits = range(self._block.lowest_limit_w, self._block.highest_limit_w + 1, self._block.limit_step_w)
        settings = self._clocks_mhz if self._block.knob == "clock" else limits
        self._clock_of = {setting: self._clock_under(setting) for setting in settings}
        self._setting = self._highest = max(self._clock_of)

    def settings(self) -> tuple[int, ...]:
        return tuple(self._clock_of)

    def lock(self, setting: int) -> None:
        if setting not in self._clock_of:
            raise ValueError(f"{setting} {self.knob.unit} is not a setting of {self.gpu}")
        self._setting = setting

    def applied(self) -> int | None:
        if not self._block.faults.reads_applied:
            return None
        stuck = self._block.faults.stuck_mhz
        return self._setting if stuck is None or self._block.knob == "power_limit" else stuck

    def reset(self) -> None:
        self._setting = self._highest

    def recorded_sweep(self) -> pd.DataFrame | None:
        return None

    def true_time_s(self, setting: int) -> float:
        """Time of one call [s] without noise, heat and faults."""
        return self._laws.time_s(self._clock_of[setting])

    def true_power_w(self, setting: int) -> float:
        """Mean power [W] without noise, heat and faults."""
        return self._laws.power_w(self._clock_of[setting])

    def true_energy_j(self, setting: int) -> float:
        """Energy of one call [J] without noise, heat and faults."""
        return self._laws.energy_j(self._clock_of[setting])

    def oracle(self, max_slowdown_share: float, among: Iterable[int] | None = None) -> int:
        """The setting of least true energy whose true slowdown to the highest one is within the limit.

        among: the settings to choose from (all if None); the highest one is always allowed.
        """
        most_s = (1 + max_slowdown_share) * self.true_time_s(self._highest)
        allowed = [one for one in (among or self._clock_of) if self.true_time_s(one) <= most_s * (1 + 1e-12)]
        return min([*allowed, self._highest], key=self.true_energy_j)

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        faults, laws = self._block.faults, self._laws
        wanted_mhz = self._clock_of[self._setting] if faults.stuck_mhz is None else faults.stuck_mhz
        clock_mhz = self._heat.kept_clock(self._clocks_mhz, wanted_mhz, laws, min_s)
        law_s = laws.time_s(clock_mhz)
        cold_s = law_s * (faults.cold_factor - 1) * math.exp(-self._windows / faults.cold_windows)
        drift = max(0.1, 1 + faults.drift_share_per_h * self.elapsed_s / 3600)
        warm_w = laws.power_w(clock_mhz, self._heat.leakage_w(laws.block.p0_w))
        # A cold start waits, for a download or a compiler, so its extra time is spent at idle power.
        law_w = (warm_w * law_s * drift + laws.block.idle_w * cold_s) / (law_s * drift + cold_s)
        time_s = (law_s * drift + cold_s) * self._noise.factor()
        power_w = law_w * self._noise.factor()
        calls = max(1, math.ceil(min_s / time_s))
        window_s = calls * time_s
        energy_j = power_w * self._noise.counted_s(window_s, self._block.counter_quantum_s)
        # Where only coarse stamps are known, energy is mean power times their difference.
        stamped_s = self._noise.stamped_s(window_s, faults.time_quantum_s)
        self._heat.spend(power_w, window_s)
        self.elapsed_s += window_s
        self._windows += 1
        throttled = clock_mhz < wanted_mhz
        applied = self.applied()
        return ClockReading(
            time_s=stamped_s / calls,
            energy_j=energy_j * (stamped_s / window_s) / calls,
            applied=clock_mhz if throttled and applied is not None and self.knob.name == "clock" else applied,
            energy_by="simulated",
            throttled=throttled,
            temperature_c=self._heat.temperature_c if self._heat.on else None,
        )

    def _clock_under(self, setting: int) -> int:
        """The clock that a setting means: itself, or the largest one whose power is within a limit."""
        if self._block.knob == "clock":
            return setting
        under = [one for one in self._clocks_mhz if self._laws.busy_w(one) <= setting]
        return under[-1] if under else self._clocks_mhz[0]


class SimulatedBackend:
    def open(self, block: ClocksBlock) -> SimulatedClocks:
        return SimulatedClocks(block.simulated, block.seed)

    def device(self, block: ClocksBlock) -> "torch.device":
        from wattshed.devices.torch_device import choose_device

        return choose_device("cpu")


BACKEND = SimulatedBackend()
