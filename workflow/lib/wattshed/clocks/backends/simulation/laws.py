"""Time, power and energy of one call as functions of the clock, without noise."""

from dataclasses import dataclass

from wattshed.config.clocks.simulated_laws import LawsBlock


@dataclass(frozen=True)
class Laws:
    """The laws of one workload on a GPU whose highest clock is ``maximum_mhz``. See :class:`LawsBlock`."""

    block: LawsBlock
    maximum_mhz: int

    @property
    def host_s(self) -> float:
        """Time of a call in which the GPU waits [s]; the clock does not change it."""
        return self.block.call_s * self.block.idle_share

    def gpu_s(self, clock_mhz: float) -> float:
        """Time of a call in which the GPU works [s]."""
        block, share = self.block, clock_mhz / self.maximum_mhz
        waiting = 1.0 if share >= block.knee_share else (block.knee_share / share) ** block.steepness
        return (block.call_s - self.host_s) * (
            block.compute_share / share + (1 - block.compute_share) * waiting
        )

    def time_s(self, clock_mhz: float) -> float:
        """Time of a call [s]."""
        return self.gpu_s(clock_mhz) + self.host_s

    def busy_w(self, clock_mhz: float) -> float:
        """Power while the GPU works [W], at the temperature of the laws."""
        block, share = self.block, clock_mhz / self.maximum_mhz
        floor = block.voltage_floor_share
        if share < floor:
            return block.p0_w + block.p1_w * floor**block.exponent * share / floor
        return block.p0_w + block.p1_w * share**block.exponent

    def power_w(self, clock_mhz: float, more_w: float = 0.0) -> float:
        """Mean power of a call [W]; more_w: on top while the GPU works, such as leakage."""
        gpu_s = self.gpu_s(clock_mhz)
        busy_w = self.busy_w(clock_mhz) + more_w
        return (gpu_s * busy_w + self.host_s * self.block.idle_w) / (gpu_s + self.host_s)

    def energy_j(self, clock_mhz: float) -> float:
        """Energy of a call [J], at the temperature of the laws."""
        return self.time_s(clock_mhz) * self.power_w(clock_mhz)
