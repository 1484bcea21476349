"""What every sensor offers the meter."""

from typing import Protocol

from wattshed.energy.reading import Component


class Sensor(Protocol):
    """Cumulative energy by component since it was started.

    It may have ``absences``: component -> :class:`~wattshed.devices.absence.Absence`, which ``wattshed doctor`` shows;
    ``constants``: name -> :class:`~wattshed.energy.constants.Constant`, what its estimates rest on; ``whole = True`` if
    it meters the job alone and not the machine; ``counts``: component -> the raw counts behind its energy, of which
    each one must move; and ``distrust(component, why)``, which is called if a component's counter stands still, so
    that the sensor can read it in another way.
    """

    resolution_s: float
    """No window shorter than this [s] is reported from this sensor."""

    def start(self) -> None:
        """Never raises for absent hardware: the components are then missing, with the reason."""
        ...

    def read(self) -> dict[str, Component]:
        """Cumulative energy per component since :meth:`start`."""
        ...

    def stop(self) -> None:
        """May be called twice, and without :meth:`start`."""
        ...
