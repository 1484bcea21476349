"""Load of the processor since the last call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class CpuLoad:
    """Share of all cores' time at work, from the operating system's counts.

    psutil's own percentage is kept per thread, so that the first answer in a thread covers no time. Time that a
    hypervisor gave to other machines does not count as work. cpu_times: None takes psutil's.
    """

    def __init__(self, cpu_times: Callable[[], Any] | None = None) -> None:
        if cpu_times is None:
            import psutil

            cpu_times = psutil.cpu_times
        self._cpu_times = cpu_times
        self._last = _split(cpu_times())

    def since_last(self) -> float | None:
        """Share in [0, 1]; None if the counts, which step every 10 ms, have not moved since the last call."""
        total_s, waiting_s = _split(self._cpu_times())
        spent_s = total_s - self._last[0]
        if spent_s <= 0:
            return None
        share = 1 - (waiting_s - self._last[1]) / spent_s
        self._last = total_s, waiting_s
        return min(1.0, max(0.0, share))


def _split(times: Any) -> tuple[float, float]:
    """All time and the part not at work [s]. The time of guests is already part of the user's."""
    guests_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    waiting_s = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "steal", 0.0)
    return sum(times) - guests_s, waiting_s
