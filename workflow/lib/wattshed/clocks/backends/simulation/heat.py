"""The temperature of the simulated GPU, the leakage that grows with it, and throttling."""

import math

from wattshed.clocks.backends.simulation.laws import Laws
from wattshed.config.clocks.simulated_faults import HeatBlock


class Heat:
    """One thermal mass: dT/dt = (ambient + resistance x power - T) / time constant. It begins at ambient."""

    def __init__(self, block: HeatBlock) -> None:
        self._block = block
        self.on = block.resistance_k_per_w > 0
        self.temperature_c = block.ambient_c

    def leakage_w(self, p0_w: float) -> float:
        """Power above (or, when cooler, below) the law's [W], at the present temperature; never under -p0."""
        if not self.on:
            return 0.0
        return p0_w * max(-1.0, self._block.leakage_per_k * (self.temperature_c - self._block.laws_at_c))

    def kept_clock(self, clocks_mhz: tuple[int, ...], wanted_mhz: int, laws: Laws, window_s: float) -> int:
        """The clock that the GPU runs at: the largest, up to the wanted one, that does not end above the limit."""
        if not self.on:
            return wanted_mhz
        for clock in reversed([one for one in clocks_mhz if one <= wanted_mhz]):
            power_w = laws.power_w(clock, self.leakage_w(laws.block.p0_w))
            if self._after(power_w, window_s) <= self._block.throttle_c:
                return clock
        return clocks_mhz[0]

    def spend(self, power_w: float, window_s: float) -> None:
        """Warm up (or cool down) over a window at this mean power [W]."""
        if self.on:
            self.temperature_c = self._after(power_w, window_s)

    def _after(self, power_w: float, window_s: float) -> float:
        goal_c = self._block.ambient_c + self._block.resistance_k_per_w * power_w
        return goal_c + (self.temperature_c - goal_c) * math.exp(-window_s / self._block.time_constant_s)
