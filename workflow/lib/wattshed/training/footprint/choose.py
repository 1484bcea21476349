"""Which memory level a device has room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wattshed.devices.allocation import GIB, find_allocation
from wattshed.foundation.faults import Fault
from wattshed.memory.accounting.megabytes import MB, told_apart
from wattshed.memory.levels import ORDER

if TYPE_CHECKING:
    import torch

    from wattshed.training.footprint.predict import Footprint


def fitting_level(predicted: Mapping[str, Footprint], limit_bytes: float) -> str:
    """The first level, from the least to the most, whose predicted peak is at most the limit.

    Raises :class:`Fault` if none is.
    """
    ordered = [level for level in ORDER if level in predicted]
    if not ordered:
        raise ValueError(f"no level was predicted; expected some of {', '.join(ORDER)}")
    for level in ordered:
        if predicted[level].peak_bytes <= limit_bytes:
            return level
    least = min(ordered, key=lambda level: predicted[level].peak_bytes)
    found = predicted[least]
    key = "validation_windows" if found.phase_of_peak == "validation" else "batch"
    limit, smallest = told_apart(limit_bytes, found.peak_bytes)
    raise Fault(
        f"recipe.memory: no level fits {limit} MB: the smallest predicted peak is {smallest} MB (level {least}, in the "
        f"phase {found.phase_of_peak}), expected at most the limit; lower the recipe's {key} or the look-back, take a "
        "smaller network, or raise memory.limit_mb if the device has more."
    )


def limit_of(device: torch.device, limit_mb: float | None) -> tuple[float, str]:
    """The bytes that a step may take, and which limit that is: the configuration's, or the device's.

    On CUDA what is free now, with what this process already holds; on a processor the job's memory, by its smallest
    limit. Infinite where the machine does not tell it.
    """
    if limit_mb is not None:
        return limit_mb * MB, "memory.limit_mb"
    if device.type == "cuda":
        import torch

        free, _ = torch.cuda.mem_get_info(device)
        return float(free + torch.cuda.memory_reserved(device)), f"free memory of {device}"
    found = find_allocation()
    if found.memory_gib is None:
        return float("inf"), "no known limit"
    return found.memory_gib * GIB, found.memory_source
