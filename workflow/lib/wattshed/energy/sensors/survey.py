"""What became of a sensor that was tried on this machine, for ``wattshed doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wattshed.energy.sensors.protocol import Sensor

if TYPE_CHECKING:
    from wattshed.devices.absence import Absence
    from wattshed.energy.reading import Component, Status


@dataclass(frozen=True)
class SensorReport:
    """One provider that was tried for a component: whether it works here, and what to do if not.

    remedy: None where it works, or where nothing can be done. resolution_s: None where it does not work.
    """

    component: str
    provider: str
    status: Status
    detail: str
    remedy: str | None
    resolution_s: float | None


class Explained(Sensor, Protocol):
    """A sensor that can say why components are missing."""

    absences: dict[str, Absence]


def try_sensor(provider: str, sensor: Explained, expected: frozenset[str]) -> list[SensorReport]:
    """Start, read and stop it. Never raises: a sensor that fails is missing in all components ``expected`` of it."""
    try:
        sensor.start()
        reports = [_report(provider, sensor, name, part) for name, part in sorted(sensor.read().items())]
        sensor.stop()
    except Exception as error:
        detail = f"{provider}: it failed with {type(error).__name__} ({error})"
        return [SensorReport(name, provider, "missing", detail, None, None) for name in sorted(expected)]
    return reports


def _report(provider: str, sensor: Explained, name: str, part: Component) -> SensorReport:
    if part.kwh is not None:
        return SensorReport(name, provider, part.status, part.source, None, sensor.resolution_s)
    absence = sensor.absences.get(name)
    if absence is None:  # lost between its start and its first reading
        return SensorReport(name, provider, "missing", part.source, None, None)
    return SensorReport(name, provider, "missing", absence.reason, absence.remedy, None)
