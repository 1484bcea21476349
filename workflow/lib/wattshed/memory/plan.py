"""The memory plan of a training: its mechanisms, in the order in which they are applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattshed.config.models.memory import MechanismBlock


@dataclass(frozen=True)
class MemoryPlan:
    """level: as it was asked for, or chosen by ``auto``; mechanisms: their settings; left_out: mechanisms of the level
    that this network has no use for, by name, with the reason."""

    level: str = "none"
    mechanisms: tuple[MechanismBlock, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(mechanism.kind for mechanism in self.mechanisms)
