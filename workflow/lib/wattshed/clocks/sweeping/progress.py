"""What a sweep says while it measures: points done, the time that is left, and the best setting so far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import monotonic
from typing import Any

from wattshed.clocks.contamination.usable import MOST_BASELINE_CV
from wattshed.clocks.runs import Knob
from wattshed.clocks.sweeping.budget import Budget
from wattshed.foundation.faults import say

# Points of a simulation, or of a very short window, would fill the screen.
SPEAKS_EVERY_S = 2.0


@dataclass
class Progress:
    """Lines on stderr: the last point of each step, and others at most every two seconds.

    title: the workload and the GPU; limit: largest accepted slowdown, for the best setting so far.
    """

    title: str
    knob: Knob
    limit: float
    say: Callable[[str], None] = say
    clock: Callable[[], float] = monotonic
    _said_s: float = field(default=float("-inf"), init=False)

    def point(self, rows: Sequence[Mapping[str, Any]], left: int, budget: Budget) -> None:
        """rows: all measured points, the newest last; left: points of this step that follow."""
        now_s = self.clock()
        if left and now_s - self._said_s < SPEAKS_EVERY_S:
            return
        self._said_s = now_s
        row = rows[-1]
        parts = [
            f"sweep of {self.title}: point {len(rows)}",
            f"{row['setting']} {self.knob.unit}, {row['time_s']:.4g} s, {row['energy_j']:.4g} J",
            self._remaining(left, budget),
            best_so_far(rows, self.knob, self.limit),
        ]
        self.say("; ".join(part for part in parts if part))

    def began(self, rows: Sequence[Mapping[str, Any]], session: int) -> None:
        """Say it where the maximum takes another time than in earlier sessions. rows: all points, those of this
        session's maximum the newest."""
        change = change_of_reference(rows, session)
        if change is not None and abs(change) > MOST_BASELINE_CV:
            self.say(
                f"sweep of {self.title}: the largest setting takes {100 * change:+.1f} % time against the earlier "
                "starts of this sweep; all points are kept, and the choice tells whether they can be trusted."
            )

    def _remaining(self, left: int, budget: Budget) -> str:
        steps = f"{left} points of this step left" if left else "step done"
        known = [f"{steps}, about {minutes(left * budget.mean_point_s)}" if left else steps]
        if budget.limit_s is not None:
            known.append(
                f"{minutes(max(0.0, budget.limit_s - budget.spent_s))} of {minutes(budget.limit_s)} left"
            )
        return ", ".join(known)


def change_of_reference(rows: Sequence[Mapping[str, Any]], session: int) -> float | None:
    """Relative change of the median time at the largest setting from earlier sessions to this one; None if either has
    no warm point there."""
    largest = max(int(row["setting"]) for row in rows)
    times_s: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        if row["warm"] and row["setting"] == largest:
            times_s[row["session"] == session].append(float(row["time_s"]))
    if not (times_s[True] and times_s[False]):
        return None
    return median(times_s[True]) / median(times_s[False]) - 1


def best_so_far(rows: Sequence[Mapping[str, Any]], knob: Knob, limit: float) -> str:
    """The setting of least median energy within the limit of slowdown, by warm points: a first look, no choice."""
    warm: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["warm"]:
            warm.setdefault(int(row["setting"]), []).append(row)
    if len(warm) < 2:
        return ""
    maximum = max(warm)
    time_s, energy_j = (
        {setting: median(float(row[name]) for row in found) for setting, found in warm.items()}
        for name in ("time_s", "energy_j")
    )
    within = [setting for setting in warm if time_s[setting] <= time_s[maximum] * (1 + limit)]
    best = min(within, key=lambda setting: energy_j[setting])
    if best == maximum:
        return f"best so far {maximum} {knob.unit}, the largest"
    change = energy_j[best] / energy_j[maximum] - 1
    return f"best so far {best} {knob.unit}, {100 * change:+.1f} % energy"


def minutes(seconds: float) -> str:
    """A duration in words: seconds under two minutes, else whole minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
