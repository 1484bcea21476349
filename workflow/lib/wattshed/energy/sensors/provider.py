"""What a sensor's module declares: which components it reads, and its preference in the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshed.energy.sensors.checked import CheckedSensor
from wattshed.energy.sensors.protocol import Sensor
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.reading import Component


@dataclass(frozen=True)
class SensorReport:
    """One provider of one component, as ``wattshed doctor`` shows it: whether it works here, and what to do if not.

    remedy: None if it works or nothing can be done. resolution_s: None if it does not work.
    """

    component: str
    provider: str
    status: Status
    detail: str
    remedy: str | None
    resolution_s: float | None


class Provider:
    """Base of each module's ``SENSOR``. Importing that module must be quick.

    components: those of ``cpu``, ``ram`` and ``gpu`` that the sensor can read (a GPU's own are ``gpu0``, ``gpu1``, …).
    preference: the provider with the least one is asked first; counters of CPU
    and memory come before their estimates.
    tried: whether the sensor is started before it is chosen, to see what it reads. If not, it is chosen without a
    trial: an estimate always works, and a last resort says why its component is missing.
    leaves_others: whether the next sensor of the same components is asked too, as for the GPUs of another maker.
    """

    components: frozenset[str]
    preference: int
    tried: bool = True
    leaves_others: bool = False

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        """A sensor for those components, not started; None if the study does not use this one.

        Raises :class:`Fault` if the study uses it and a setting is missing.
        """
        raise NotImplementedError

    def survey(self, name: str, metering: MeteringBlock) -> list[SensorReport]:
        """Try the sensor on this machine: it is started, seen to step, read and stopped. Never raises."""
        try:
            opened = self.open(metering, self.components)
            if opened is None:
                return []
            sensor = CheckedSensor(opened, name, self.components)
            sensor.start()
            reports = [
                _report(name, sensor, component, part) for component, part in sorted(sensor.read().items())
            ]
            sensor.stop()
        except Exception as error:
            detail = f"{name}: it failed with {type(error).__name__} ({error})"
            return [
                SensorReport(component, name, Status.MISSING, detail, None, None)
                for component in sorted(self.components)
            ]
        return reports


def _report(name: str, sensor: CheckedSensor, component: str, part: Component) -> SensorReport:
    if part.kwh is not None:
        return SensorReport(component, name, part.status, part.source, None, sensor.resolution_s)
    absence = sensor.absences.get(component)
    if absence is None:  # lost between its start and its first reading
        return SensorReport(component, name, Status.MISSING, part.source, None, None)
    return SensorReport(component, name, Status.MISSING, absence.reason, absence.remedy, None)
