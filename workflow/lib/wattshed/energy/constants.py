"""The stated numbers that estimates rest on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# Names of the constants that a sensor states.
CORE_W = "cpu_w_per_busy_core"
GIB_W = "ram_w_per_gib"


@dataclass(frozen=True)
class Constant:
    """One number with its unit and where it comes from."""

    value: float
    unit: str
    source: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
