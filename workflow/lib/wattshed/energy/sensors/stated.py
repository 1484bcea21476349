"""What sensors state beside their readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattshed.energy.constants import Constant
    from wattshed.energy.sensors.protocol import Sensor


def constants_of(sensors: Sequence[Sensor]) -> dict[str, Constant]:
    """What the sensors state, by name."""
    return {name: found for sensor in sensors for name, found in getattr(sensor, "constants", {}).items()}


def whole_components(sensors: Sequence[Sensor]) -> frozenset[str]:
    """Components of sensors that meter the job alone."""
    return frozenset(name for sensor in sensors if getattr(sensor, "whole", False) for name in sensor.read())
