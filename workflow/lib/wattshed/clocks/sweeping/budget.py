"""How long a sweep may measure, over all its starts, and how long it will."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass
class Budget:
    """Time of a sweep's points [s]. limit_s: None for no limit; spent_s: so far, over all starts.

    A simulated point counts as long as its window would last, so that a simulated sweep stops where a real one would.
    """

    limit_s: float | None = None
    spent_s: float = 0.0
    points: int = 0
    clock: Callable[[], float] = perf_counter

    def timed(self, began_s: float, least_s: float) -> float:
        """Count a point that began at ``began_s`` of the clock and lasted at least ``least_s``; returns its time."""
        point_s = max(self.clock() - began_s, least_s)
        self.spent_s += point_s
        self.points += 1
        return point_s

    @property
    def mean_point_s(self) -> float:
        """Time of one point; 0 before the first one."""
        return self.spent_s / self.points if self.points else 0.0

    def over(self) -> str | None:
        """Why no further point may begin, else None: the next one would not end within the limit."""
        if self.limit_s is None or self.spent_s + self.mean_point_s <= self.limit_s:
            return None
        return f"the budget of {self.limit_s:g} s is spent"
