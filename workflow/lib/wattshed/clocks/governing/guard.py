"""What the clock costs in time, from measured throughput: per window, and for the whole run."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from wattshed.clocks.governing.plan import PhasePlan
from wattshed.clocks.phases.rule import IDLE

# A sweep counts as much as this many windows of the run itself.
SWEEP_WINDOWS = 2.0
# Windows in a row with too low a throughput before the guard fires: one may be noise.
LOW_WINDOWS = 2


@dataclass
class _Mean:
    count: int = 0
    value: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.value += (value - self.value) / self.count


@dataclass
class Guard:
    """Compares the throughput of each phase with what the maximum clock gives, which is probed in the run.

    guard_share: largest accepted drop of one window. Phases that finish nothing (idle) are not guarded.
    """

    plans: Mapping[str, PhasePlan]
    maximum: int
    guard_share: float
    _means: dict[tuple[str, int], _Mean] = field(default_factory=lambda: defaultdict(_Mean))
    _probed_at_s: dict[str, float] = field(default_factory=dict)
    _low: int = 0

    def add(self, phase: str, setting: int, throughput: float, at_s: float) -> bool:
        """Take a window that was all one phase at one clock; True if the guard fires."""
        reference = self._means[phase, self.maximum]
        if setting == self.maximum:
            reference.add(throughput)
            self._probed_at_s[phase] = at_s
            self._low = 0
            return False
        self._means[phase, setting].add(throughput)
        low = reference.count > 0 and throughput < (1 - self.guard_share) * reference.value
        self._low = self._low + 1 if low else 0
        return self._low >= LOW_WINDOWS

    def must_probe(self, phase: str, at_s: float, windows: int, every_s: float) -> bool:
        """Whether what the maximum gives in this phase is not known, or was measured too long ago."""
        if phase == IDLE:
            return False
        known = self._means[phase, self.maximum].count
        return known < windows or at_s - self._probed_at_s[phase] > every_s

    def loss(self, phase: str, setting: int) -> float:
        """Share of a second that work of this phase loses at this clock: measured, and swept as far as it was not."""
        plan = self.plans.get(phase)
        if setting == self.maximum or phase == IDLE:
            return 0.0
        # At worst all of the work depends on the clock.
        slower = plan.curve.slowdown_at(setting) if plan else self.maximum / setting - 1
        swept = slower / (1 + slower)
        here, top = self._means.get((phase, setting)), self._means.get((phase, self.maximum))
        if not here or not top or not here.count or not top.count or top.value <= 0:
            return swept
        windows = 1 / (1 / here.count + 1 / top.count)
        weight = windows / (windows + SWEEP_WINDOWS)
        return weight * max(0.0, 1 - here.value / top.value) + (1 - weight) * swept


@dataclass
class Account:
    """The time that the run has lost against the maximum clock, and what it may still lose.

    Losses are summed again with every window, because measurements correct what sweeps had said. change_s: what a change
    of the clock is taken to cost.
    """

    guard: Guard
    limit: float
    change_s: float
    elapsed_s: float = 0.0
    changes: int = 0
    _spent_s: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))

    def add(self, phase: str, setting: int, seconds: float) -> None:
        self._spent_s[phase, setting] += seconds

    @property
    def lost_s(self) -> float:
        losses = sum(
            seconds * self.guard.loss(phase, setting) for (phase, setting), seconds in self._spent_s.items()
        )
        return losses + self.changes * self.change_s

    @property
    def left_s(self) -> float:
        """Seconds that the run may still lose; negative once it is too slow."""
        lost_s = self.lost_s
        return self.limit * (self.elapsed_s - lost_s) - lost_s
