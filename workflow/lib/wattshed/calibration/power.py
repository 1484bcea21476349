"""Power of the job's own share while the device computes, in windows that are long enough for its sensors."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from wattshed.calibration.timing import Timer
from wattshed.energy.meter import Meter
from wattshed.foundation.vocabulary import Window as Name
from wattshed.law.operations.operation import Kind

DEFAULT = "default"
# Kinds that a window of large products tells of, and those that one of large arrays tells of.
HEAVY: Mapping[str, tuple[Kind, ...]] = {
    "compute": (
        *(
            Kind.QKV,
            Kind.OUTPUT_PROJECTION,
            Kind.FEED_FORWARD,
            Kind.LINEAR,
            Kind.SCORES,
            Kind.ATTENTION_OUTPUT,
        ),
        *(Kind.CONVOLUTION, Kind.CLOSED_FORM),
    ),
    "memory": (
        *(Kind.SOFTMAX, Kind.NORMALISATION, Kind.ELEMENTWISE, Kind.EMBEDDING, Kind.LOSS, Kind.TOKEN_LOSS),
        *(Kind.POOLING, Kind.BATCH, Kind.HISTORIES),
        *(Kind.CLIPPING, Kind.OPTIMISER, Kind.GRAPH_AGGREGATION),
    ),
}
# Powers that differ less are not told apart: a window's own noise is of that size.
LEAST_DIFFERENCE = 0.1
TRIALS = 2


@dataclass(frozen=True)
class PowerPoint:
    """One window. name: ``compute``, ``memory`` or ``steps``; duration_s: of its calls, each taken at their median, so
    that interruptions do not count; energy_j: own, of the whole window, None if unknown."""

    name: str
    duration_s: float
    energy_j: float | None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "duration_s": self.duration_s, "energy_j": self.energy_j}


@dataclass(frozen=True)
class Repeated:
    """Calls of the same work in one window. time_s: median of a call; energy_j: own energy of a call, None if unknown.

    On a device that works on its own, calls return early: there, time_s is the window's mean.
    """

    time_s: float
    energy_j: float | None
    calls: int

    def power(self, name: str) -> PowerPoint:
        energy_j = None if self.energy_j is None else self.energy_j * self.calls
        return PowerPoint(name, self.time_s * self.calls, energy_j)


def repeat(meter: Meter, call: Callable[[], Any], timer: Timer, **labels: Any) -> Repeated:
    """Two calls to warm up, then one window that is long enough for every sensor."""
    asynchronous = timer.asynchronous
    times: list[float] = []

    def timed() -> None:
        began_s = timer.stopwatch()
        call()
        times.append(timer.stopwatch() - began_s)

    window = meter.repeat(Name.MEASURE, call if asynchronous else timed, warm_up_calls=2, **labels)
    time_s = window.duration_s if asynchronous else statistics.median(times[2:])
    return Repeated(time_s, window.own.joules, window.repeats)


def heavy_work(device: torch.device) -> dict[str, Callable[[], Any]]:
    """Calls of large products and of additions of large arrays."""
    size = 512 if device.type == "cpu" else 4096
    layer = nn.Linear(size, size, device=device)
    read = torch.randn(size, size, device=device)
    count = 2**22 if device.type == "cpu" else 2**26
    left, right = (torch.randn(count, device=device) for _ in range(2))
    out = torch.empty_like(left)

    def compute() -> None:
        with torch.no_grad():
            layer(read)

    return {"compute": compute, "memory": lambda: torch.add(left, right, out=out)}


def measure_power(
    meter: Meter, device: torch.device, timer: Timer, goes_on: Callable[[], bool], trials: int = TRIALS
) -> list[PowerPoint]:
    """Windows of heavy work, one kind after the other and then again.

    It ends early when ``goes_on`` says no, but not before the first window.
    """
    found: list[PowerPoint] = []
    work = heavy_work(device)
    for _ in range(trials):
        for name, call in work.items():
            # One window is measured in any case.
            if found and not goes_on():
                return found
            found.append(repeat(meter, call, timer, heavy=name).power(name))
    return found


def powers_of(points: Sequence[PowerPoint], by_kind: bool = True) -> dict[str, float]:
    """Watts by kind, and ``default``: of the steps, or of all windows if no step has an energy. Empty if none is known.

    by_kind: False where energy is estimated from processor time, which cannot tell kinds apart.

    A kind has its own power only if all of its windows differ from the default to the same side, by a tenth at least.
    """
    watts: dict[str, list[float]] = {}
    for point in points:
        if point.energy_j is not None and point.energy_j > 0 and point.duration_s > 0:
            watts.setdefault(point.name, []).append(point.energy_j / point.duration_s)
    if not watts:
        return {}
    known = [point for point in points if point.energy_j is not None and point.energy_j > 0]
    chosen = [point for point in known if point.name == "steps"] or known
    default = sum(point.energy_j or 0.0 for point in chosen) / sum(point.duration_s for point in chosen)
    found = {DEFAULT: default}
    if not by_kind:
        return found
    for name, kinds in HEAVY.items():
        seen = watts.get(name, [])
        apart = all(one > (1 + LEAST_DIFFERENCE) * default for one in seen) or all(
            one < (1 - LEAST_DIFFERENCE) * default for one in seen
        )
        if len(seen) > 1 and apart:
            found |= {kind.value: statistics.mean(seen) for kind in kinds}
    return found
