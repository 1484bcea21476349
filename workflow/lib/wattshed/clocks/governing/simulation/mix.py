"""A simulated workload that changes its phase: each phase has its own laws of time and power.

T(f) = T(fmax) (c fmax/f + 1 - c) for work, P(f) = p0 + p1 (f/fmax)^k; the time of an idle phase does not depend on
the clock. All of it is invented: what a governor saves on it is simulated.
"""

from dataclasses import dataclass
from functools import cached_property

from wattshed.clocks.phases.rule import IDLE


@dataclass(frozen=True)
class Law:
    """One phase at work. ``share`` is f/fmax.

    compute_share: c, the share of the time at fmax that depends on the clock. units_per_s: what the workload counts as
    finished per second at fmax, 0 if it finishes nothing. busy, memory_busy, sm, tensor, dram: activity at fmax, 0..1.
    """

    phase: str
    compute_share: float
    p0_w: float
    p1_w: float
    exponent: float
    units_per_s: float
    busy: float
    memory_busy: float
    sm: float
    tensor: float
    dram: float

    def slowdown(self, share: float) -> float:
        """T(f)/T(fmax) - 1."""
        return 0.0 if self.phase == IDLE else self.compute_share * (1 / share - 1)

    def power_w(self, share: float) -> float:
        """P(f) [W]."""
        return self.p0_w + self.p1_w * float(share**self.exponent)

    def activity(self, share: float) -> dict[str, float]:
        """What meters show at f: traffic falls with progress, tensor activity per cycle rises as cycles get scarce."""
        rate = 1 / (1 + self.slowdown(share))
        return {
            "gpu_busy_share": self.busy,
            "memory_busy_share": self.memory_busy * rate,
            "sm_active_share": self.sm,
            "tensor_share": min(1.0, self.tensor * rate / share),
            "dram_share": self.dram * rate,
        }


@dataclass(frozen=True)
class Segment:
    """A stretch of one phase that takes ``work_s`` seconds at fmax."""

    law: Law
    work_s: float


@dataclass(frozen=True)
class Mix:
    """A run of segments on one GPU.

    settings: legal clocks [MHz], ascending. swept: the laws that a user's sweep of each phase alone would see; they may
    differ from those of the segments. profile: share of the time at fmax that each phase had in a recorded earlier run.
    transition_s: a change of the clock stalls the work. lag_s: time constant of the meters. noise: standard deviation
    of a reading, as a share. misled: the earlier sweep or run is wrong on purpose.
    """

    kind: str
    settings: tuple[int, ...]
    segments: tuple[Segment, ...]
    swept: dict[str, Law]
    profile: dict[str, float]
    transition_s: float = 0.02
    lag_s: float = 0.2
    noise: float = 0.03
    misled: bool = False

    @property
    def maximum(self) -> int:
        return self.settings[-1]

    @cached_property
    def totals(self) -> dict[Law, float]:
        """Seconds at fmax of each law."""
        found: dict[Law, float] = {}
        for segment in self.segments:
            found[segment.law] = found.get(segment.law, 0.0) + segment.work_s
        return found

    def cost(self, law: Law, setting: int) -> tuple[float, float]:
        """Time [s] and energy [J] of all work under one law at one clock, without changes of the clock."""
        share = setting / self.maximum
        time_s = self.totals[law] * (1 + law.slowdown(share))
        return time_s, time_s * law.power_w(share)

    def at(self, setting: int) -> tuple[float, float]:
        """Time [s] and energy [J] of the whole run at one clock, exactly."""
        costs = [self.cost(law, setting) for law in self.totals]
        return sum(time_s for time_s, _ in costs), sum(energy_j for _, energy_j in costs)
