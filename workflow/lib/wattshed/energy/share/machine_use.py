"""Processor time and memory in use on the whole machine."""

from __future__ import annotations

import os

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
GIB = 2**30
# Columns of the first line of /proc/stat that count as work: user, nice, system, interrupts. The time of guests
# is part of the user's; idle, waiting for disks and the hypervisor's time do not count.
WORK = (1, 2, 3, 6, 7)


class MachineUse:
    """Cumulative busy processor seconds of all cores, and memory in use [GiB]; None where they cannot be read."""

    def __init__(self, proc: str = "/proc") -> None:
        self._stat = f"{proc}/stat"
        self._memory = f"{proc}/meminfo"

    def busy_s(self) -> float | None:
        try:
            with open(self._stat, "rb", buffering=0) as file:
                fields = file.read(512).split(b"\n", 1)[0].split()
            return sum(int(fields[column]) for column in WORK) / TICKS_PER_S
        except (OSError, ValueError, IndexError):
            return _busy_by_psutil_s() if not os.path.exists(self._stat) else None

    def memory_gib(self) -> float | None:
        try:
            with open(self._memory, encoding="ascii") as file:
                found = {name: value for name, _, value in (line.partition(":") for line in file)}
            return (int(found["MemTotal"].split()[0]) - int(found["MemAvailable"].split()[0])) / 2**20
        except (OSError, ValueError, KeyError, IndexError):
            return None


def _busy_by_psutil_s() -> float | None:
    """Where there is no ``/proc``, as on macOS."""
    try:
        import psutil

        times = psutil.cpu_times()
    except Exception:
        return None
    return float(times.user + times.system + getattr(times, "nice", 0.0))
