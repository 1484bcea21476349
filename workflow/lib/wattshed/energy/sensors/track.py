"""What was seen of one component's energy, and whether its next reading can be true."""

from __future__ import annotations

from typing import Any

from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.foundation.vocabulary import Status

# No component of a machine draws more: 16 sockets, a terabyte of memory and 16 GPUs each draw less.
MOST_W = 30_000.0
# A sensor may hand in this much time's energy late, and that of two steps.
SLACK_S = 1.0
SLACK_STEPS = 2
# Rounding errors of sums may lower an energy by this share.
ROUNDING = 1e-9
# A counter that has stood still for so long, and for so many resolutions, is lost for good: what it did not count is
# unknown.
LOST_AFTER_S = 1.0
RESOLUTIONS = 10


class Track:
    """What is known of one component: its last good energy, and when its counter last moved."""

    def __init__(self, part: Component, counts: tuple[Any, ...] | None, now_s: float, sensor: str) -> None:
        """sensor: its name, for reasons."""
        self._sensor = sensor
        self._kwh = part.kwh
        self._good_s = now_s
        self._counts = _raw(part, counts)
        self._moved_s = [now_s] * len(self._counts)
        self.lost = ""
        self.still = False

    @property
    def usable(self) -> bool:
        """Whether its energy is known and still believed."""
        return self._kwh is not None and not self.lost

    def give_up(self, why: str) -> None:
        """Never believe this counter again, because it stood still."""
        self.lost, self.still = f"{self._sensor}: {why}", True

    def note(self, part: Component, counts: tuple[Any, ...] | None, now_s: float) -> None:
        """Note which of the raw counts behind the energy have moved."""
        raw = _raw(part, counts)
        if part.kwh is None:
            return
        if len(raw) != len(self._counts):
            self._moved_s = [now_s] * len(raw)
        else:
            pairs = zip(raw, self._counts, self._moved_s, strict=True)
            self._moved_s = [now_s if now != before else at_s for now, before, at_s in pairs]
        self._counts = raw

    def moved_since(self, at_s: float) -> bool:
        return min(self._moved_s, default=at_s) > at_s

    def checked(self, part: Component, now_s: float, resolution_s: float) -> Component:
        """The reading, after it was noted; or a missing component with the reason."""
        if not self.lost and part.kwh is not None:
            self._doubt(part.kwh, now_s, resolution_s)
        if self.lost:
            return Component.missing(self.lost)
        if part.kwh is None:
            return part
        # The time since the first reading of the present count. Estimates may stand still: they may be of nothing.
        still_s = now_s - min(self._moved_s, default=now_s)
        if part.status == Status.MEASURED and still_s >= resolution_s:
            why = f"the energy counter did not move in {still_s:.2g} s"
            if still_s >= max(LOST_AFTER_S, RESOLUTIONS * resolution_s):
                self.give_up(why)
            return Component.missing(f"{self._sensor}: {why}")
        self._kwh, self._good_s = part.kwh, now_s
        return part

    def _doubt(self, kwh: float, now_s: float, resolution_s: float) -> None:
        """Lose the component if its energy cannot follow the last good one."""
        if self._kwh is None:
            return
        joules, span_s = (kwh - self._kwh) * JOULES_PER_KWH, now_s - self._good_s
        late_s = SLACK_S + SLACK_STEPS * resolution_s
        if kwh < self._kwh * (1 - ROUNDING):
            self.lost = f"{self._sensor}: the energy fell by {-joules:.3g} J, which no energy does"
        elif joules > MOST_W * (span_s + late_s):
            self.lost = f"{self._sensor}: {joules:.3g} J in {span_s:.3g} s is more than any machine draws"


def _raw(part: Component, counts: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """What must move: the raw counts, or the energy itself where a sensor does not tell them."""
    return (part.kwh,) if counts is None else tuple(counts)
