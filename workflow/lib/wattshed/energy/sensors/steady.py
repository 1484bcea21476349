"""A sensor that never ends the measured work: a reading that fails, or is not a number, is missing with its reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wattshed.energy.reading import Component
from wattshed.foundation.faults import one_line

if TYPE_CHECKING:
    from wattshed.energy.constants import Constant
    from wattshed.energy.sensors.protocol import Sensor


class Steady:
    """Another sensor, whose components are missing while it fails.

    Its start and its first reading may raise: no work has begun then. Later it reads the components of its first
    reading.
    """

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._names: tuple[str, ...] = ()
        self.resolution_s = sensor.resolution_s
        self.whole: bool = getattr(sensor, "whole", False)

    @property
    def constants(self) -> dict[str, Constant]:
        """A sensor may know its constants only after it was started."""
        found: dict[str, Constant] = getattr(self._sensor, "constants", {})
        return found

    def start(self) -> None:
        self._sensor.start()
        # A sensor may know its resolution only after it was started.
        self.resolution_s = self._sensor.resolution_s

    def read(self) -> dict[str, Component]:
        if not self._names:
            # The first reading is taken before the work begins.
            parts = self._sensor.read()
            self._names = tuple(parts)
            return {name: _finite(part) for name, part in parts.items()}
        try:
            parts = self._sensor.read()
        except Exception as error:
            reason = f"{type(self._sensor).__name__} failed ({type(error).__name__}: {one_line(error)})"
            return {name: Component.missing(reason) for name in self._names}
        lost = Component.missing(f"{type(self._sensor).__name__} no longer reads it")
        return {name: _finite(parts.get(name, lost)) for name in self._names}

    def stop(self) -> None:
        try:
            self._sensor.stop()
        except Exception:
            # Its last reading is taken; nothing of it is used any more.
            return


def _finite(part: Component) -> Component:
    if part.kwh is None or math.isfinite(part.kwh):
        return part
    return Component.missing(f"{part.source}: the reading is {part.kwh}")
