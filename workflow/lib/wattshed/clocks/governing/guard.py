"""What the clock costs in time, from measured throughput: per window, and for the whole run."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from wattshed.clocks.governing.plan import Planner
from wattshed.clocks.phases.rule import IDLE

# Standard error of the share of the time that depends on the clock, as a sweep gives it. Sweep and run are weighted by
# their errors; where the run is slower or faster by more than these standard errors, the run alone counts.
SWEEP_ERROR = 0.02
SLOWER = 2.0
FASTER = 4.0
# Standard errors that are added to a measured slowdown.
CAUTION = 0.5
LEAST_NOISE = 0.01
# Windows in a row with too low a throughput before the guard fires: one may be noise.
LOW_WINDOWS = 2


@dataclass
class _Measured:
    """Throughput of one phase. At the maximum: count, mean, squares, how many windows are wanted, when the last was.
    Below: sums over windows of x = fmax/f - 1, of the time per unit of work and of the swept slowdown, for a
    least-squares line through the origin. low: windows in a row with too low a throughput."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    wanted: int = 0
    probed_at_s: float = -math.inf
    below: int = 0
    xx: float = 0.0
    xy: float = 0.0
    x_swept: float = 0.0
    low: int = 0


@dataclass
class Guard:
    """Compares the throughput of each phase with what the maximum clock gives, which is probed in the run.

    Phases that finish nothing (idle) are not guarded. What is measured corrects the planner's slowdowns.
    """

    planner: Planner
    guard_share: float
    _phases: dict[str, _Measured] = field(default_factory=lambda: defaultdict(_Measured))

    def add(self, phase: str, setting: int, throughput: float, at_s: float) -> bool:
        """Take a window that was all one phase at one clock; True if the guard fires."""
        seen = self._phases[phase]
        if phase == IDLE:
            return False
        if setting == self.planner.maximum:
            seen.count += 1
            away = throughput - seen.mean
            seen.mean += away / seen.count
            seen.squares += away * (throughput - seen.mean)
            seen.probed_at_s, seen.low = at_s, 0
            self._correct(phase)
            return False
        low = seen.count > 0 and throughput < (1 - self.guard_share) * seen.mean
        seen.low = seen.low + 1 if low else 0
        if throughput > 0:
            x = self.planner.maximum / setting - 1
            seen.below += 1
            seen.xx += x * x
            seen.xy += x / throughput
            seen.x_swept += x * (1 + self.planner.swept(phase, setting))
            self._correct(phase)
        fires = seen.low >= LOW_WINDOWS
        if fires:
            seen.low = 0
        return fires

    def pause(self) -> None:
        """A window that is not all one phase at one clock: windows before and after it are not in a row."""
        for seen in self._phases.values():
            seen.low = 0

    def must_probe(self, phase: str, at_s: float) -> bool:
        """Whether what the maximum gives in this phase is not known, or was measured too long ago."""
        if phase == IDLE:
            return False
        block, seen = self.planner.block, self._phases[phase]
        if seen.count and at_s - seen.probed_at_s > block.probe_every_s:
            # An old probe is repeated in full.
            seen.wanted = seen.count + block.probe_windows
        return seen.count < max(seen.wanted, block.probe_windows)

    def _correct(self, phase: str) -> None:
        seen = self._phases[phase]
        if not seen.count or not seen.below or seen.mean <= 0 or seen.xx <= 0:
            return
        found = (seen.mean * seen.xy - seen.x_swept) / seen.xx
        spread = math.sqrt(seen.squares / (seen.count - 1)) / seen.mean if seen.count > 1 else 0.0
        windows = 1 / (1 / seen.below + 1 / seen.count)
        typical = math.sqrt(seen.xx / seen.below)
        error = max(LEAST_NOISE, spread) / math.sqrt(windows) / typical
        weight = (
            1.0
            if found > SLOWER * error or found < -FASTER * error
            else SWEEP_ERROR**2 / (SWEEP_ERROR**2 + error**2)
        )
        # Too slow is worse than saving less: part of the standard error is added.
        self.planner.corrections[phase] = weight * found + CAUTION * math.sqrt(weight) * error


@dataclass
class Account:
    """The time that the run has lost against the maximum clock, and what it may still lose.

    Losses are summed again with every window, because measurements correct what sweeps had said. change_s: what a
    change of the clock is taken to cost.
    """

    planner: Planner
    limit: float
    change_s: float
    elapsed_s: float = 0.0
    changes: int = 0
    _spent_s: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))

    def add(self, phase: str, setting: int, seconds: float) -> None:
        """Count time that the phase ran at a clock [MHz]; the maximum loses nothing."""
        if setting != self.planner.maximum:
            self._spent_s[phase, setting] += seconds

    @property
    def lost_s(self) -> float:
        """Time lost against the maximum clock so far [s], changes of the clock included."""
        loss = self.planner.loss
        losses = sum(seconds * loss(*where) for where, seconds in self._spent_s.items() if where[0] != IDLE)
        return losses + self.changes * self.change_s

    @property
    def left_s(self) -> float:
        """Seconds that the run may still lose; negative once it is too slow."""
        lost_s = self.lost_s
        return self.limit * (self.elapsed_s - lost_s) - lost_s
