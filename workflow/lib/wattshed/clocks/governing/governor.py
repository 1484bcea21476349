"""The governor: which clock comes next, from what the last window showed. Pure: it locks nothing and reads no time.

Rules, in the order in which they decide:

1. Guard: throughput of a phase fell by more than ``guard_share`` below what the maximum gives, or the run has lost the time
   that it may lose: the maximum clock comes back at once, whatever dwell time and step limit say.
2. Dwell: otherwise the clock does not change within ``dwell_s`` of its last change.
3. Hysteresis: a lower clock needs several windows in a row of the same phase; a higher one needs fewer, because
   a clock that is too low costs time that cannot be won back.
4. Probe: the maximum comes for some windows where its throughput is not known for the phase or was measured long ago.
5. Plan: the clock of the phase's plan that the time left allows, by at most ``most_steps`` legal clocks per change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wattshed.clocks.governing.guard import Account, Guard
from wattshed.clocks.governing.plan import PhasePlan
from wattshed.clocks.governing.reading import Reading
from wattshed.clocks.phases.hysteresis import Hysteresis
from wattshed.clocks.phases.rule import UNKNOWN, PhaseRule
from wattshed.config.clocks.governor import GovernorBlock

Reason = Literal["start", "keep", "dwell", "plan", "probe", "guard", "budget"]
# The clock may cost this many dwell times of its own loss before it is judged again.
AHEAD_DWELLS = 2


@dataclass(frozen=True)
class Decision:
    """setting: the clock from now on. seen: the phase of the last window; phase: the confirmed one."""

    at_s: float
    setting: int
    seen: str
    phase: str
    reason: Reason


class Governor:
    """A state machine over windows. It starts at the maximum clock; the caller resets the clock when it ends."""

    def __init__(
        self,
        plans: Mapping[str, PhasePlan],
        legal: tuple[int, ...],
        rule: PhaseRule,
        max_slowdown_share: float,
        block: GovernorBlock,
    ) -> None:
        self._plans = plans
        self._legal = legal
        self._rule = rule
        self._block = block
        self.limit = max_slowdown_share * (1 - block.reserve_share)
        self.guard = Guard(plans, legal[-1], block.guard_share)
        self.account = Account(self.guard, self.limit, block.change_s)
        self.setting = legal[-1]
        self._hysteresis = Hysteresis()
        self._level: dict[str, int] = {}
        self._changed_at_s: float | None = None
        self._last_s = 0.0
        self._last_seen = UNKNOWN
        self._fresh = False

    def step(self, reading: Reading) -> Decision:
        """The decision after a window. Readings come in the order of time."""
        seen = self._rule.phase_of(self._at_maximum(reading.values))
        before = self._hysteresis.phase
        phase = self._hysteresis.see(seen, self._needed(seen))
        fired = self._take(reading, seen, phase, before)
        target, reason = self._wanted(phase, reading, fired)
        self._last_seen, self._last_s = seen, reading.at_s
        return self._move(target, reason, reading.at_s, seen, phase)

    def _at_maximum(self, values: Mapping[str, float]) -> Mapping[str, float]:
        """Activity as it would be at the maximum clock: there, slowed work moves more data per second.

        Without this a memory-bound phase that a lower clock slows a little would look balanced, its clock would rise,
        and it would look memory-bound again.
        """
        plan = self._plans.get(self._hysteresis.phase)
        if plan is None or self.setting == self._legal[-1]:
            return values
        slower = 1 + plan.curve.slowdown_at(self.setting)
        share = self.setting / self._legal[-1]
        factors = {"dram_share": slower, "memory_busy_share": slower, "tensor_share": slower * share}
        return {name: min(1.0, value * factors.get(name, 1.0)) for name, value in values.items()}

    def _needed(self, seen: str) -> int:
        """Windows that confirm this phase: few if its clock is higher than that of the confirmed one."""
        rises = self._planned(seen) > self._planned(self._hysteresis.phase)
        return self._block.rise_windows if rises else self._block.hysteresis_windows

    def _planned(self, phase: str) -> int:
        plan = self._plans.get(phase)
        return plan.levels[0] if plan else self._legal[-1]

    def _take(self, reading: Reading, seen: str, phase: str, before: str) -> bool:
        """Count the window; True if the guard fires."""
        seconds = reading.at_s - self._last_s
        self.account.elapsed_s += seconds
        self.account.add(seen, self.setting, seconds)
        if phase != before and self.guard.loss(phase, self.setting) > self.guard.loss(before, self.setting):
            # Meters lag: the phase began before it was seen.
            self.account.add(phase, self.setting, seconds)
        settled = seen == phase == self._last_seen and not self._fresh
        self._fresh = False
        if reading.throughput is None or not settled:
            return False
        return self.guard.add(phase, self.setting, reading.throughput, reading.at_s)

    def _wanted(self, phase: str, reading: Reading, fired: bool) -> tuple[int, Reason]:
        top = self._legal[-1]
        plan = self._plans.get(phase)
        if fired:
            self._level[phase] = self._level.get(phase, 0) + 1
            return top, "guard"
        if self.setting != top and self.account.left_s < 0:
            return top, "budget"
        if plan is None:
            return top, "plan"
        block = self._block
        if reading.throughput is not None and self.guard.must_probe(
            phase, reading.at_s, block.probe_windows, block.probe_every_s
        ):
            return top, "probe"
        left_s = self.account.left_s
        for setting in plan.levels[self._level.get(phase, 0) :]:
            loss = self.guard.loss(phase, setting)
            if left_s >= loss * AHEAD_DWELLS * block.dwell_s and (
                loss <= self.limit / (1 + self.limit) or left_s >= 0
            ):
                return setting, "plan"
        return top, "plan"

    def _move(self, target: int, reason: Reason, at_s: float, seen: str, phase: str) -> Decision:
        if target == self.setting:
            return Decision(at_s, self.setting, seen, phase, "keep")
        if reason not in ("guard", "budget"):
            if self._changed_at_s is not None and at_s - self._changed_at_s < self._block.dwell_s:
                return Decision(at_s, self.setting, seen, phase, "dwell")
            here, there = self._legal.index(self.setting), self._legal.index(target)
            most = self._block.most_steps
            target = self._legal[here + max(-most, min(most, there - here))]
        self.setting, self._changed_at_s, self._fresh = target, at_s, True
        self.account.changes += 1
        return Decision(at_s, target, seen, phase, reason)
