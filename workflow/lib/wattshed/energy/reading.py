"""Energy of one window by component, each with its status and source."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wattshed.devices.absence import Absence
from wattshed.foundation.vocabulary import Status

# Part of a missing component's source, where a window is too short to be read.
TOO_SHORT = "is shorter than the sensor's resolution"
JOULES_PER_KWH = 3.6e6
# All GPUs of a machine count as one component in the accounts.
PROCESSOR = ("cpu", "ram")
COMPONENTS = (*PROCESSOR, "gpu")


@dataclass(frozen=True)
class Component:
    """Energy of one component [kWh]; None if and only if its status is ``missing``."""

    kwh: float | None
    status: Status
    source: str

    def __post_init__(self) -> None:
        if (self.kwh is None) != (self.status == Status.MISSING):
            raise ValueError(f"{self.source}: energy {self.kwh} does not match the status {self.status}")

    @classmethod
    def missing(cls, reason: Absence | str) -> "Component":
        """A component whose energy is unknown; its source holds the reason."""
        return cls(None, Status.MISSING, str(reason))


@dataclass(frozen=True)
class Reading:
    """Energies of a window by component (``cpu``, ``ram``, ``gpu``)."""

    components: Mapping[str, Component]

    @property
    def kwh(self) -> float | None:
        """Sum over the known components; None if none is known. A missing sensor does not count as zero."""
        known = [component.kwh for component in self.components.values() if component.kwh is not None]
        return sum(known) if known else None

    @property
    def joules(self) -> float | None:
        return None if self.kwh is None else self.kwh * JOULES_PER_KWH

    @property
    def status(self) -> Status:
        """``measured`` only if every known component is; ``missing`` if none is known."""
        known = [part.status for part in self.components.values() if part.kwh is not None]
        return worst_status(known)

    def since(self, earlier: "Reading") -> "Reading":
        """Difference of two cumulative readings of the same sensors."""
        differences = {}
        for name, later in self.components.items():
            before = earlier.components[name]
            if later.kwh is None or before.kwh is None:
                reason = later.source if later.kwh is None else f"no reading at the start: {before.source}"
                differences[name] = Component.missing(reason)
            else:
                differences[name] = Component(later.kwh - before.kwh, later.status, later.source)
        return Reading(differences)

    def plus(self, other: "Reading") -> "Reading":
        """Sum of two windows of the same sensors; missing if either is, else estimated if either is."""
        return Reading({name: _sum(part, other.components[name]) for name, part in self.components.items()})

    def refused(self, reason: str, except_for: Container[str] = ()) -> "Reading":
        """The same components, all but some of them missing for the given reason."""
        return Reading(
            {
                name: part
                if part.kwh is None or name in except_for
                else Component.missing(f"{part.source}: {reason}")
                for name, part in self.components.items()
            }
        )

    def divided(self, parts: float) -> "Reading":
        """The share of one of ``parts`` equal repeats."""
        return Reading(
            {
                name: c if c.kwh is None else Component(c.kwh / parts, c.status, c.source)
                for name, c in self.components.items()
            }
        )

    def kwhs(self) -> dict[str, float | None]:
        """Energy [kWh] by component, None where it is missing."""
        return {name: part.kwh for name, part in self.components.items()}

    def to_json(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"kwh": c.kwh, "status": c.status, "source": c.source}
            for name, c in self.components.items()
        }


def _sum(one: Component, other: Component) -> Component:
    if one.kwh is None or other.kwh is None:
        return one if one.kwh is None else other
    return Component(one.kwh + other.kwh, worst_status((one.status, other.status)), one.source)


def worst_status(statuses: Iterable[str]) -> Status:
    """How well a sum is known: missing if a part is or there is none, measured if all parts are, else estimated.

    Parts that needed no fit cost nothing and do not count, unless all are of that kind.
    """
    found = set(statuses)
    if found == {Status.NO_FIT}:
        return Status.NO_FIT
    found.discard(Status.NO_FIT)
    if not found or Status.MISSING in found:
        return Status.MISSING
    return Status.MEASURED if found == {Status.MEASURED} else Status.ESTIMATED


def above_idle_kwh(
    kwh: float | None, source: str, idle_w: float | None, idle_source: str | None, duration_s: float
) -> float | None:
    """Gross energy less idle power times duration [kWh].

    None unless both are known and come from the same source: different sources measure different things.
    """
    if kwh is None or idle_w is None or idle_source != source:
        return None
    return kwh - idle_w * duration_s / JOULES_PER_KWH
