"""The peak of a device's memory while something runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from wattshed.memory.accounting.resident import resident_rise


@dataclass(frozen=True)
class DevicePeak:
    """peak_bytes: what torch's allocator held at most on CUDA, with all that was there before; None on a processor.

    rise_bytes: by how much that was above what was held before; on a processor the rise of the process's resident
    memory, None where the system does not tell it.
    """

    peak_bytes: int | None
    rise_bytes: int | None


def device_peak(work: Callable[[], Any], device: torch.device) -> DevicePeak:
    """Run ``work`` once and look at the device's memory. Call it once before: first calls make what stays."""
    if device.type != "cuda":
        return DevicePeak(None, resident_rise(work))
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    peak = torch.cuda.max_memory_allocated(device)
    return DevicePeak(peak, max(0, peak - before))
