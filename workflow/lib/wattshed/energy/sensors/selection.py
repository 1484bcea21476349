"""Which sensors a job is metered with: exactly one provider for each component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattshed.energy.constants import CORE_W, GIB_W
from wattshed.energy.reading import COMPONENTS
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.reading import Component
    from wattshed.energy.sensors.protocol import Sensor
    from wattshed.energy.sensors.provider import Provider, SensorReport


class Only:
    """A sensor of which only some kinds of component are used."""

    def __init__(self, sensor: Sensor, kinds: frozenset[str]) -> None:
        self._sensor = sensor
        self._kinds = kinds
        self.resolution_s = sensor.resolution_s
        self.whole: bool = getattr(sensor, "whole", False)

    @property
    def constants(self) -> dict[str, Any]:
        """Those of the components that are used; a sensor may know them only after it was started."""
        of = {CORE_W: "cpu", GIB_W: "ram"}
        stated: dict[str, Any] = getattr(self._sensor, "constants", {})
        return {name: found for name, found in stated.items() if of.get(name) in self._kinds}

    def start(self) -> None:
        self._sensor.start()
        # A sensor may know its resolution only after it was started.
        self.resolution_s = self._sensor.resolution_s

    def read(self) -> dict[str, Component]:
        return {name: part for name, part in self._sensor.read().items() if kind_of(name) in self._kinds}

    def stop(self) -> None:
        self._sensor.stop()


def open_sensors(metering: MeteringBlock) -> list[Sensor]:
    """One sensor per component, taken from the table and the study's plug-ins in order of preference; none started.

    Raises :class:`Fault` if the study uses a sensor without its setting, and for a plug-in that names unknown
    components.
    """
    sensors: list[Sensor] = []
    without = frozenset(COMPONENTS)
    for name, provider in providers():
        wanted = without & provider.components
        sensor = provider.open(metering, wanted) if wanted else None
        if sensor is None:
            continue
        plugins.made_by("sensor", name, sensor, ("resolution_s", "start", "read", "stop"))
        found = wanted & _readable(sensor) if provider.tried else wanted
        if found:
            sensors.append(sensor if found == provider.components else Only(sensor, found))
            without -= found
    return sensors


def survey(metering: MeteringBlock) -> list[SensorReport]:
    """Every provider with what it reads on this machine, in order of preference. Does not start CodeCarbon."""
    return [report for name, provider in providers() for report in provider.survey(name, metering)]


def providers() -> list[tuple[str, Provider]]:
    """All sensors of the table and of the study's plug-ins with their names, in order of preference."""
    found: list[tuple[str, Provider]] = [
        (name, plugins.load("sensor", name)) for name in plugins.names("sensor")
    ]
    for name, provider in found:
        unknown = provider.components.difference(COMPONENTS)
        if unknown:
            raise Fault(
                f"the sensor {name!r} reads {', '.join(sorted(unknown))}: expected components among "
                f"{', '.join(COMPONENTS)}; correct its SENSOR."
            )
    return sorted(found, key=lambda pair: pair[1].preference)


def kind_of(component: str) -> str:
    """``gpu`` for ``gpu0``, ``gpu1`` and so on; else the component itself."""
    return "gpu" if component.startswith("gpu") else component


def _readable(sensor: Sensor) -> frozenset[str]:
    """Kinds of component that a sensor can read on this machine."""
    sensor.start()
    try:
        return frozenset(kind_of(name) for name, part in sensor.read().items() if part.kwh is not None)
    finally:
        sensor.stop()
