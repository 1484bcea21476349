"""Which clock each phase gets so that all of them together save the most energy within one limit of time.

The choice per phase is relaxed: a phase may split its time between clocks. Then the optimum is found exactly: of each
phase's points (time, energy) only the lower convex hull matters, and time is given to the edges that save the most
energy per second until it is spent. At most one phase is split. No choice of whole clocks saves more than this, so it
bounds every governor from above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float, int]


@dataclass(frozen=True)
class Allocation:
    """time_s, energy_j of all phases together. settings: the slowest clock of each phase that is used wholly."""

    time_s: float
    energy_j: float
    settings: tuple[int, ...]


def allocate(choices: Sequence[Sequence[Point]], allowed_s: float) -> Allocation:
    """choices: of each phase its points (time [s], energy [J], setting), the fastest first. allowed_s: the limit of all
    times together, at least the sum of the fastest ones."""
    hulls = [hull_of(points) for points in choices]
    time_s, energy_j = (sum(hull[0][axis] for hull in hulls) for axis in (0, 1))
    settings = [hull[0][2] for hull in hulls]
    edges = sorted(
        (_slope(left, right), place, left, right)
        for place, hull in enumerate(hulls)
        for left, right in pairwise(hull)
    )
    for _, place, left, right in edges:
        needed_s = right[0] - left[0]
        spare_s = allowed_s - time_s
        part = 1.0 if needed_s <= spare_s else max(0.0, spare_s) / needed_s
        time_s += part * needed_s
        energy_j += part * (right[1] - left[1])
        if part < 1:
            break
        settings[place] = right[2]
    return Allocation(time_s, energy_j, tuple(settings))


def hull_of(points: Sequence[Point]) -> list[Point]:
    """The points from the fastest to that of least energy which no mixture of two others beats."""
    hull: list[Point] = []
    for point in sorted(points, key=lambda one: (one[0], one[1])):
        if hull and point[1] >= hull[-1][1]:
            continue
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _slope(left: Point, right: Point) -> float:
    """Joules per second of more time; the more negative, the better spent."""
    return (right[1] - left[1]) / (right[0] - left[0])
