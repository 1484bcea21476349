"""The governor: which clock comes next, from what the last window showed. Pure: it locks nothing and reads no time.

Rules, in the order in which they decide:

1. Guard: throughput of a phase fell by more than ``guard_share`` below what the maximum gives, or the run has lost the
   time that it may lose: the maximum clock comes back at once, whatever dwell time and step limit say.
2. Dwell: otherwise the clock does not change within ``dwell_s`` of its last change.
3. Hysteresis: a lower clock needs several windows in a row of the same phase; a higher one needs fewer, because
   a clock that is too low costs time that cannot be won back.
4. Flicker: where the phase changes faster than windows can follow, the best single clock of the plan comes.
5. Probe: the maximum comes for some windows where its throughput is not known for the phase or was measured long ago.
6. Plan: the clock of the phase's plan that the time left allows, by at most ``most_steps`` legal clocks per change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wattshed.clocks.governing.guard import Account, Guard
from wattshed.clocks.governing.plan import Planner
from wattshed.clocks.governing.reading import Reading
from wattshed.clocks.phases.hysteresis import Hysteresis
from wattshed.clocks.phases.rule import IDLE, UNKNOWN, PhaseRule

Reason = Literal["start", "keep", "dwell", "plan", "probe", "guard", "budget", "unsettled"]
# A clock is planned again at the latest after this time, within a phase.
REPLAN_S = 30.0
# What the run may still lose, or has lost too much, is spread over this time.
HORIZON_S = 400.0
# Time to lose that is kept at hand, and the dwell times of loss that a clock must be able to afford.
CUSHION_S = 0.2
AHEAD_DWELLS = 1
# Share of the last windows (by an exponential mean with this weight) that differ from the one before: above the first,
# phases flicker; below the second, they are calm again.
FLIP_WEIGHT = 1 / 30
FLICKER_SHARE = 0.15
CALM_SHARE = 0.05
# Where the run cannot afford a clock, all phases are planned with these parts of the limit in turn, until the phase's
# clock is affordable or costs less time than the limit earns, by this factor.
TIGHTER = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
RECOVERING = 0.7
# Part of the reserve that the run may use before the maximum comes back.
OVERDRAFT = 0.8
# Part of the window before a rise that is counted as the phase that was seen after it.
LAG_SHARE = 0.1


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

    def __init__(self, planner: Planner, rule: PhaseRule, max_slowdown_share: float) -> None:
        block = planner.block
        self.limit = max_slowdown_share * (1 - block.reserve_share)
        self.account = Account(planner, self.limit, block.change_s)
        self.setting = planner.maximum
        self._max_slowdown_share = max_slowdown_share
        self._planner, self._rule, self._block = planner, rule, block
        self._guard = Guard(planner, block.guard_share)
        self._hysteresis = Hysteresis()
        self._planned: tuple[str, float, int] | None = None
        self._changed_at_s: float | None = None
        self._last_s = 0.0
        self._last_seen = UNKNOWN
        self._fresh = False
        self._overdrawn = False
        self._flips = 0.0
        self._unsettled = False
        self._held: tuple[str, int, float, float] | None = None

    def step(self, reading: Reading) -> Decision:
        """The decision after a window. Readings come in the order of time."""
        seen = self._rule.phase_of(self._at_maximum(reading.values))
        before = self._hysteresis.phase
        phase = self._hysteresis.see(seen, self._needed(seen))
        fired = self._take(reading, seen, phase, before)
        target, reason = self._wanted(phase, reading, fired)
        self._flips += FLIP_WEIGHT * ((seen != self._last_seen) - self._flips)
        self._unsettled = self._flips > (CALM_SHARE if self._unsettled else FLICKER_SHARE)
        self._last_seen, self._last_s = seen, reading.at_s
        return self._move(target, reason, reading.at_s, seen, phase)

    def _at_maximum(self, values: Mapping[str, float]) -> Mapping[str, float]:
        """Activity as it would be at the maximum clock: there, slowed work moves more data per second.

        Without this a memory-bound phase that a lower clock slows a little would look balanced, its clock would rise,
        and it would look memory-bound again.
        """
        phase, top = self._hysteresis.phase, self._planner.maximum
        if self.setting == top or not self._planner.knows(phase):
            return values
        slower = 1 + self._planner.slowdown(phase, self.setting)
        factors = {
            "dram_share": slower,
            "memory_busy_share": slower,
            "tensor_share": slower * self.setting / top,
        }
        return {name: min(1.0, value * factors.get(name, 1.0)) for name, value in values.items()}

    def _needed(self, seen: str) -> int:
        """Windows that confirm this phase: few if the present clock would cost it more than the limit."""
        costly = seen != IDLE and self._planner.slowdown(seen, self.setting) > self.limit
        return self._block.rise_windows if costly else self._block.hysteresis_windows

    def _take(self, reading: Reading, seen: str, phase: str, before: str) -> bool:
        """Count the window; True if the guard fires."""
        planner, seconds = self._planner, reading.at_s - self._last_s
        self.account.elapsed_s += seconds
        self.account.add(seen, self.setting, seconds)
        lost = seconds * planner.loss(seen, self.setting) if seen != IDLE else 0.0
        planner.seen_s[seen] = planner.seen_s.get(seen, 0.0) + seconds - lost
        if phase != before and planner.loss(phase, self.setting) > planner.loss(before, self.setting):
            # Meters lag: the phase began before it was seen.
            self.account.add(phase, self.setting, LAG_SHARE * seconds)
        settled = seen == phase == self._last_seen and not self._fresh
        self._fresh = False
        # A window counts once the next one shows the same: meters lag, and its work may have been the next phase's.
        held, self._held = self._held, None
        if reading.throughput is None or not settled:
            self._guard.pause()
            return False
        self._held = (phase, self.setting, reading.throughput, reading.at_s)
        return held is not None and self._guard.add(*held)

    def _wanted(self, phase: str, reading: Reading, fired: bool) -> tuple[int, Reason]:
        planner, top = self._planner, self._planner.maximum
        if fired:
            planner.raise_floor(phase, self.setting)
            self._planned = None
            return top, "guard"
        left_s = self.account.left_s
        overdraft_s = (
            OVERDRAFT * self._block.reserve_share * self._max_slowdown_share * self.account.elapsed_s
        )
        self._overdrawn = left_s < (-overdraft_s / 2 if self._overdrawn else -overdraft_s)
        if self._overdrawn and phase != IDLE:
            self._planned = None
            return top, "budget"
        if self._unsettled:
            return planner.one_for_all(self.limit), "unsettled"
        if not planner.knows(phase):
            return top, "plan"
        if reading.throughput is not None and self._guard.must_probe(phase, reading.at_s):
            return top, "probe"
        if self._planned is None or self._planned[0] != phase or reading.at_s >= self._planned[1]:
            setting, tight = self._plan(phase, left_s)
            until_s = reading.at_s + max(0.0 if tight else REPLAN_S, self._block.dwell_s)
            self._planned = (phase, until_s, setting)
        return self._planned[2], "plan"

    def _plan(self, phase: str, left_s: float) -> tuple[int, bool]:
        """The phase's clock by what the run may still lose, spread over the next :data:`HORIZON_S`; and whether the run
        could not afford the first choice, so that it is soon to be planned again."""
        planner = self._planner
        limit = self.limit + (left_s - CUSHION_S) / HORIZON_S
        ahead_s = AHEAD_DWELLS * self._block.dwell_s
        for part in TIGHTER:
            setting = planner.together(phase, part * limit)
            loss = 0.0 if phase == IDLE else planner.loss(phase, setting)
            if loss * ahead_s <= left_s or loss <= RECOVERING * self.limit:
                return setting, part < 1
        return planner.maximum, True

    def _move(self, target: int, reason: Reason, at_s: float, seen: str, phase: str) -> Decision:
        if target == self.setting:
            return Decision(at_s, self.setting, seen, phase, "keep")
        if reason not in ("guard", "budget"):
            if self._changed_at_s is not None and at_s - self._changed_at_s < self._block.dwell_s:
                return Decision(at_s, self.setting, seen, phase, "dwell")
            legal, most = self._planner.legal, self._block.most_steps
            here, there = legal.index(self.setting), legal.index(target)
            target = legal[here + max(-most, min(most, there - here))]
        self.setting, self._changed_at_s, self._fresh = target, at_s, True
        self.account.changes += 1
        return Decision(at_s, target, seen, phase, reason)
