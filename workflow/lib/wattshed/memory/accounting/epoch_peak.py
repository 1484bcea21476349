"""The memory of a training's epochs, from counters that cost nothing while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from wattshed.memory.accounting.resident import reset_peak, status_bytes


@dataclass
class EpochPeak:
    """predicted_bytes: peak of the memory plan's prediction, None without one.

    On CUDA an epoch's measured peak is that of torch's allocator. On a processor tensors have no counter, so that the
    rise of the process's resident memory is given under a name of its own: it also holds work spaces and arrays, and
    what the process holds since the last epoch is not in it.
    """

    device: torch.device
    predicted_bytes: int | None
    _before: int | None = field(default=None, init=False)

    def begin(self) -> None:
        """Before an epoch's window."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            return
        self._before = status_bytes("VmRSS") if reset_peak() else None

    def values(self) -> dict[str, float]:
        """Of the epoch so far, for its window; unknown ones are left out."""
        found: dict[str, float] = {}
        if self.predicted_bytes is not None:
            found["predicted_peak_bytes"] = self.predicted_bytes
        if self.device.type == "cuda":
            found["measured_peak_bytes"] = torch.cuda.max_memory_allocated(self.device)
        elif self._before is not None and (peak := status_bytes("VmHWM")) is not None:
            found["resident_rise_bytes"] = max(0, peak - self._before)
        return found
