"""What the sensors of GPUs share: for each GPU its counter, or samples of its power where that cannot be used."""

from __future__ import annotations

from collections.abc import Callable

from wattshed.devices.absence import Absence
from wattshed.energy.reading import Component
from wattshed.energy.sensors.gpu.gpu_counter import GpuCounter
from wattshed.energy.sensors.gpu.gpu_power import POWER_RESOLUTION_S, PowerSamples
from wattshed.foundation.faults import one_line


class GpuSensor:
    """One component per GPU. absences: components missing from the start, and why.

    maker: the library's name, for reasons. resolution_s: of its counters.
    """

    def __init__(self, maker: str, resolution_s: float) -> None:
        self._maker = maker
        self._counter_resolution_s = self.resolution_s = resolution_s
        self._counters: dict[str, GpuCounter] = {}
        self._powers: dict[str, Callable[[], PowerSamples]] = {}
        self._sampled: dict[str, PowerSamples] = {}
        self.absences: dict[str, Absence] = {}

    def read(self) -> dict[str, Component]:
        parts = {name: Component.missing(absence) for name, absence in self.absences.items()}
        parts.update({name: counter.read() for name, counter in self._counters.items()})
        parts.update({name: power.read() for name, power in self._sampled.items()})
        return parts

    def distrust(self, name: str, why: str) -> None:
        """Give up a GPU's counter, which was seen to lie, such as by standing still; its power is sampled instead."""
        if self._counters.pop(name, None) is not None:
            self._sample(name, why)

    def _meter(
        self, name: str, make_counter: Callable[[], GpuCounter], make_power: Callable[[], PowerSamples]
    ) -> None:
        self._powers[name] = make_power
        try:
            self._counters[name] = make_counter()
        except Exception as error:  # the library's own errors, and those of an answer that is not a count
            self._sample(name, one_line(error))

    def _sample(self, name: str, no_counter: str) -> None:
        power = self._powers[name]()
        first = power.read()
        if first.kwh is not None:
            self._sampled[name] = power
            self.resolution_s = POWER_RESOLUTION_S
            power.start()
        else:
            reason = f"neither energy counter nor power ({no_counter}; {first.source})"
            self.absences[name] = Absence(f"{self._maker}: {reason}")

    def _forget(self) -> None:
        for power in self._sampled.values():
            power.stop()
        self._counters, self._powers, self._sampled = {}, {}, {}
        self.resolution_s = self._counter_resolution_s
