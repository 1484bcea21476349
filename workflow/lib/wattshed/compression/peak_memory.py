"""Peak of the memory that torch allocates while a forecast is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

MEMORY_EVENT = "[memory]"


def peak_torch_bytes(work: Callable[[], Any], device: torch.device) -> int:
    """The most that ``work`` holds at once in torch's allocator on the device, beyond what was held before [bytes].

    ``work`` is called once before, so that what it keeps for later calls does not count. Weights and series, which are
    there before, do not count either. Arrays of NumPy are not seen, nor what a kernel holds by itself: its own order of
    the weights and the states of a few windows. So the number says nothing of a network that a kernel computes, and
    the comparison has it only of networks that torch computes. On CUDA the allocator counts by itself; on the processor
    torch's profiler notes every allocation.
    """
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        torch.cuda.synchronize(device)
        return max(0, torch.cuda.max_memory_allocated(device) - before)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    return most_held(
        [
            (event.start_ns(), event.nbytes())
            for event in profiler.profiler.kineto_results.events()
            if event.name() == MEMORY_EVENT and event.device_type() == DeviceType.CPU
        ]
    )


def most_held(changes: list[tuple[int, int]]) -> int:
    """The largest sum so far of (time, bytes), in order of time; bytes are below 0 where memory is given back."""
    held = most = 0
    for _, change in sorted(changes, key=lambda one: one[0]):
        held += change
        most = max(most, held)
    return most
