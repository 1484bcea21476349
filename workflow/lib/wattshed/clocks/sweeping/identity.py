"""What makes two starts one sweep, and in what two sweeps differ."""

import json
from collections.abc import Mapping
from typing import Any

from wattshed.clocks.backends.protocol import ClockBackend
from wattshed.config.clocks.block import ClocksBlock


def identity_of(backend: ClockBackend, block: ClocksBlock, work: Mapping[str, Any]) -> dict[str, Any]:
    """What two starts must share to be one sweep. work: what is run, such as the digest of a checkpoint.

    How many points are measured is left out: a sweep may go on with a larger budget or with more repeats.
    """
    settings = block.model_dump(
        mode="json", include={"warm_up_repeats", "min_point_s", "seed", "settings", block.backend}
    )
    return {
        "work": dict(work),
        "backend": backend.name,
        "label": backend.label,
        "gpu": backend.gpu,
        "gpu_uuid": backend.gpu_uuid,
        "knob": backend.knob.name,
        "settings": settings,
    }


def first_difference(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The first thing in which two sweeps differ, in words; empty if they are the same."""
    for name in dict.fromkeys([*asked, *kept]):
        one, other = kept.get(name), asked.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            if inner := first_difference(one, other):
                return f"{name}.{inner}"
        elif one != other:
            return f"{name} was {_shown(one)} and is now {_shown(other)}"
    return ""


def plain(value: Any) -> Any:
    """A value as JSON gives it back; numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
