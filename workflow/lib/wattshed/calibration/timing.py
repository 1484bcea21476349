"""Times of calls: warmed up, medians of several, on devices that wait and on devices that do not."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# A median of fewer calls would be decided by one interruption.
LEAST_CALLS = 3
# On a device that works on its own, calls between two waits, so that the wait is a small part.
LEAST_BLOCK_S = 2e-3
MOST_IN_BLOCK = 200


@dataclass(frozen=True)
class Work:
    """forward: a call of a kernel; backward: takes what forward gave, None where only one pass is timed."""

    forward: Callable[[], Any]
    backward: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Timed:
    """Medians of one call [s]; backward_s is None where it was not timed. calls: of the forward pass."""

    forward_s: float
    backward_s: float | None
    calls: int


def stopwatch_for(device: str, threads: int) -> Callable[[], float]:
    """What times calls: the thread's own processor time if one thread computes, else the wall clock.

    On an undisturbed machine they agree. Where other processes take turns on the core, a call that is longer than a
    turn would be timed with theirs: then every median is too long.
    """
    return time.thread_time if device == "cpu" and threads == 1 else time.perf_counter


@dataclass(frozen=True)
class Timer:
    """asynchronous: whether a call returns before the device has computed it; synchronise: waits for that.

    clock: tells when the time is over; stopwatch: times calls, see :func:`stopwatch_for`.
    """

    synchronise: Callable[[], None] = lambda: None
    asynchronous: bool = False
    clock: Callable[[], float] = time.perf_counter
    stopwatch: Callable[[], float] = time.perf_counter

    def time(self, work: Work, allowance_s: float) -> Timed:
        """Time calls for about ``allowance_s`` after one call to warm up, and at least ``LEAST_CALLS`` times."""
        end_s = self.clock() + allowance_s
        self._both(work)
        return self._in_blocks(work, end_s) if self.asynchronous else self._one_by_one(work, end_s)

    def _both(self, work: Work) -> None:
        made = work.forward()
        if work.backward is not None:
            work.backward(made)
        self.synchronise()

    def _one_by_one(self, work: Work, end_s: float) -> Timed:
        forward: list[float] = []
        backward: list[float] = []
        while len(forward) < LEAST_CALLS or self.clock() < end_s:
            began = self.stopwatch()
            made = work.forward()
            between = self.stopwatch()
            forward.append(between - began)
            if work.backward is not None:
                work.backward(made)
                backward.append(self.stopwatch() - between)
        return Timed(
            statistics.median(forward), statistics.median(backward) if backward else None, len(forward)
        )

    def _in_blocks(self, work: Work, end_s: float) -> Timed:
        """Calls are queued as in a training, and the wait at a block's end is shared by them. The backward pass is
        what both passes take beyond the forward pass alone."""
        forward: list[float] = []
        both: list[float] = []
        calls, count = 0, 1
        while len(forward) < LEAST_CALLS or self.clock() < end_s:
            taken_s = self._block(work.forward, count)
            calls += count
            if taken_s < LEAST_BLOCK_S and count < MOST_IN_BLOCK:
                count = min(MOST_IN_BLOCK, 2 * count)
                continue
            forward.append(taken_s / count)
            if work.backward is not None:
                both.append(self._block(lambda: self._queued(work), count) / count)
        forward_s = statistics.median(forward)
        if not both:
            return Timed(forward_s, None, calls)
        # Noise of the difference must not make a time of zero.
        return Timed(forward_s, max(statistics.median(both) - forward_s, 0.05 * forward_s), calls)

    @staticmethod
    def _queued(work: Work) -> None:
        assert work.backward is not None
        work.backward(work.forward())

    def _block(self, call: Callable[[], Any], count: int) -> float:
        self.synchronise()
        began = self.stopwatch()
        for _ in range(count):
            call()
        self.synchronise()
        return self.stopwatch() - began
