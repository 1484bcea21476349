"""Two calls timed in turns, with the interval of their ratio."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from wattshed.statistics.medians import median_interval

# Pairs: the 95 % interval of their median ratio lies between the 14th and the 28th of the sorted ones.
ROUNDS = 41
# A call is repeated until this time has passed, so that the clock's own error does not count.
LEAST_S = 0.002


class Ratio(NamedTuple):
    """Median of paired ratios with its 95 % interval, whose ends are None for fewer than six pairs."""

    median: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.median:.2f}x (no interval)"
        return f"{self.median:.2f}x ({self.low:.2f} to {self.high:.2f})"


def median_ratio(over: list[float], under: list[float]) -> Ratio:
    """Ratios of pairs; the interval is that of order statistics, which assumes no distribution."""
    ratios = [a / b for a, b in zip(over, under, strict=True)]
    return Ratio(statistics.median(ratios), *median_interval(ratios))


@dataclass(frozen=True)
class Timed:
    """Milliseconds of a call by the clock: medians; ratios of wall-clock and of processor time."""

    full_ms: float
    smaller_ms: float
    wall: Ratio
    processor: Ratio


def compare(full: Callable[[], None], smaller: Callable[[], None], rounds: int = ROUNDS) -> Timed:
    """Time two calls in turns (A B, B A, A B ...), so that a slow phase of the machine meets both."""
    calls = {"full": full, "smaller": smaller}
    repeats = {name: _repeats(call) for name, call in calls.items()}
    wall: dict[str, list[float]] = {name: [] for name in calls}
    processor: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in sorted(calls, reverse=turn % 2 == 1):
            began = (time.perf_counter(), time.process_time())
            for _ in range(repeats[name]):
                calls[name]()
            ended = (time.perf_counter(), time.process_time())
            wall[name].append((ended[0] - began[0]) / repeats[name])
            processor[name].append((ended[1] - began[1]) / repeats[name])
    return Timed(
        1e3 * statistics.median(wall["full"]),
        1e3 * statistics.median(wall["smaller"]),
        median_ratio(wall["full"], wall["smaller"]),
        median_ratio(processor["full"], processor["smaller"]),
    )


def _repeats(call: Callable[[], None]) -> int:
    """Calls that take LEAST_S together; the first ones warm up."""
    for _ in range(3):
        call()
    count, start_s = 0, time.perf_counter()
    while count == 0 or time.perf_counter() - start_s < LEAST_S:
        call()
        count += 1
    return count


def judged(ratio: Ratio, least: float) -> str:
    if ratio.low is None or ratio.high is None:
        return "not told"
    if ratio.low >= least:
        return "yes"
    return "**no**" if ratio.high < least else "not told"
