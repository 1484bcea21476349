"""Which sensors a job is metered with: exactly one provider for each component."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.energy.reading import COMPONENTS
from wattshed.energy.sensors.checked import CheckedSensor
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor
    from wattshed.energy.sensors.provider import Provider, SensorReport


def open_sensors(metering: MeteringBlock) -> list[Sensor]:
    """One sensor per component, taken from the table and the study's plug-ins in order of preference; none started.

    Each is a :class:`CheckedSensor`: its readings are checked, and a counter is chosen only if it was seen to step.
    Raises :class:`Fault` if the study uses a sensor without its setting, for a plug-in that names unknown components,
    and for one whose resolution is not a time.
    """
    sensors: list[Sensor] = []
    without = frozenset(COMPONENTS)
    for name, provider in providers():
        wanted = without & provider.components
        sensor = provider.open(metering, wanted) if wanted else None
        if sensor is None:
            continue
        made_by("sensor", name, sensor, ("resolution_s", "start", "read", "stop"))
        found = wanted & _readable(CheckedSensor(sensor, name, wanted)) if provider.tried else wanted
        if found:
            sensors.append(CheckedSensor(sensor, name, found))
            # A plug-in need not have what the base class gained later.
            without -= frozenset() if getattr(provider, "leaves_others", False) else found
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


def _readable(sensor: CheckedSensor) -> frozenset[str]:
    """Kinds of component that a sensor can read on this machine."""
    sensor.start()
    try:
        return sensor.readable
    finally:
        sensor.stop()
