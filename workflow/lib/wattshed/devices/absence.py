"""Why a component cannot be read, and what would help."""

from __future__ import annotations

from dataclasses import dataclass

from wattshed.energy.reading import Component


@dataclass(frozen=True)
class Absence:
    """reason: what was found, after the provider's name. remedy: what to do, None where nothing can be done."""

    reason: str
    remedy: str | None = None

    def component(self) -> Component:
        source = self.reason if self.remedy is None else f"{self.reason}: {self.remedy}"
        return Component(None, "missing", source)
