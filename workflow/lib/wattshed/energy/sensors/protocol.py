"""What every sensor and every sampled source offers the meter."""

from typing import Protocol

from wattshed.energy.reading import Component


class Sensor(Protocol):
    """Cumulative energy by component since it was started."""

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


class Sampled(Protocol):
    """Quantities that are sampled beside the energy: clocks, powers, temperatures, utilisation, throttling."""

    def sample(self) -> dict[str, float]:
        """Values by name with their unit, such as ``gpu0_sm_clock_mhz``; what cannot be read is left out."""
        ...
