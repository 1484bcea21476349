"""Energy of one window, component by component, each with how it is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["measured", "estimated", "missing"]
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Component:
    """Energy of one component in kWh; ``None`` exactly when its status is ``missing``."""

    kwh: float | None
    status: Status
    source: str

    def __post_init__(self) -> None:
        if (self.kwh is None) != (self.status == "missing"):
            raise ValueError(f"{self.source}: energy {self.kwh} does not go with status {self.status}")


@dataclass(frozen=True)
class Reading:
    """Energies of a window by component (``cpu``, ``ram``, ``gpu``)."""

    components: Mapping[str, Component]

    @property
    def kwh(self) -> float | None:
        """Sum over the components that are known; None if none is. A missing sensor is never a zero."""
        known = [component.kwh for component in self.components.values() if component.kwh is not None]
        return sum(known) if known else None

    @property
    def joules(self) -> float | None:
        return None if self.kwh is None else self.kwh * JOULES_PER_KWH

    @property
    def status(self) -> Status:
        """``measured`` only if every known component is; ``missing`` if none is known."""
        known = {c.status for c in self.components.values() if c.status != "missing"}
        if not known:
            return "missing"
        return "measured" if known == {"measured"} else "estimated"

    def since(self, earlier: "Reading") -> "Reading":
        """Difference of two cumulative readings of the same sensors."""
        differences = {}
        for name, later in self.components.items():
            before = earlier.components[name]
            if later.kwh is None or before.kwh is None:
                reason = later.source if later.kwh is None else f"no reading at the start: {before.source}"
                differences[name] = Component(None, "missing", reason)
            else:
                differences[name] = Component(later.kwh - before.kwh, later.status, later.source)
        return Reading(differences)

    def plus(self, other: "Reading") -> "Reading":
        """Sum of two windows of the same sensors; missing where either is, estimated where either is."""
        return Reading({name: _sum(part, other.components[name]) for name, part in self.components.items()})

    def refused(self, reason: str) -> "Reading":
        """The same components, none of them known, for the given reason."""
        return Reading(
            {
                name: part if part.kwh is None else Component(None, "missing", f"{part.source}: {reason}")
                for name, part in self.components.items()
            }
        )

    def divided(self, parts: int) -> "Reading":
        """The share of one of ``parts`` equal repeats."""
        return Reading(
            {
                name: c if c.kwh is None else Component(c.kwh / parts, c.status, c.source)
                for name, c in self.components.items()
            }
        )

    def to_json(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"kwh": c.kwh, "status": c.status, "source": c.source}
            for name, c in self.components.items()
        }


def _sum(one: Component, other: Component) -> Component:
    if one.kwh is None or other.kwh is None:
        return one if one.kwh is None else other
    status: Status = "measured" if {one.status, other.status} == {"measured"} else "estimated"
    return Component(one.kwh + other.kwh, status, one.source)
