"""The memory of a training's epochs, from counters that cost nothing while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.memory.accounting.resident import reset_peak, status_bytes

# Names of a window's measured value, by device: on a processor tensors have no counter.
MEASURED = {"cuda": "measured_peak_bytes", "cpu": "resident_rise_bytes"}


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
    _epochs: int = field(default=0, init=False)
    _highest: int | None = field(default=None, init=False)

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
        self._epochs += 1
        measured = self._measured()
        if measured is not None:
            found[MEASURED[self.device.type]] = measured
            self._highest = max(measured, self._highest or 0)
        return found

    def _measured(self) -> int | None:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        if self._before is None or (peak := status_bytes("VmHWM")) is None:
            return None
        return max(0, peak - self._before)

    def summary(self, title: str) -> str | None:
        """Predicted and measured peak of a training as a line for its log; None if it had no epoch.

        title: of the training. The measured peak is the highest of the epochs of this attempt.
        """
        if not self._epochs:
            return None
        known = self.predicted_bytes
        predicted = "unknown" if known is None else f"{megabytes_text(known)} MB"
        return (
            f"{title}: predicted peak {predicted}, measured peak {self._measured_text()}; its time and energy beside "
            "the plain step's are measured by a study's block memory"
        )

    def _measured_text(self) -> str:
        if self._highest is None:
            return "unknown, because the system does not tell it"
        what = (
            "of torch's allocator"
            if self.device.type == "cuda"
            else "as the rise of the process's resident memory in an epoch, work spaces and libraries included"
        )
        return f"{megabytes_text(self._highest)} MB, {what}"
