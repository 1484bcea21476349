"""Clock, utilisation and temperature of the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wattshed.energy.sensors.processor.cpu_load import CpuLoad

# Linux drivers for the processor's own temperature; others, such as acpitz, measure the case.
SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")


class CpuSamples:
    """Mean clock and utilisation of all cores since the last sample, and the highest temperature of the CPU.

    psutil, cpu_times: for tests; None takes the installed one.
    """

    def __init__(self, psutil: Any = None, cpu_times: Callable[[], Any] | None = None) -> None:
        if psutil is None:
            import psutil
        self._psutil = psutil
        self._load = CpuLoad(cpu_times or psutil.cpu_times)

    def sample(self) -> dict[str, float]:
        found = {
            "cpu_utilisation_percent": self._utilisation_percent(),
            "cpu_clock_mhz": self._clock_mhz(),
            "cpu_temperature_c": self._temperature_c(),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _utilisation_percent(self) -> float | None:
        load = self._load.since_last()
        return None if load is None else 100 * load

    def _clock_mhz(self) -> float | None:
        try:
            clock = self._psutil.cpu_freq()
        except (AttributeError, NotImplementedError, OSError):
            return None
        return float(clock.current) if clock is not None and clock.current else None

    def _temperature_c(self) -> float | None:
        try:
            found = self._psutil.sensors_temperatures()
        except (AttributeError, OSError):
            return None
        temperatures = [entry.current for name in SENSORS for entry in found.get(name, [])]
        return float(max(temperatures)) if temperatures else None
