"""Where the two series are stored: on the device if they fit, else in host memory, from which batches are sent."""

import sys
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

# Share of the device's free memory that the series may take; weights, batches and fragmentation need the rest.
SERIES_SHARE = 0.6
# Pairs gathered and sent at once: the next block is gathered while the device works on this one.
PAIRS_PER_BLOCK = 16_384


def free_bytes(device: torch.device) -> float:
    """Free memory of a device; infinite where the device is the host itself."""
    if device.type != "cuda":
        return float("inf")
    return float(torch.cuda.mem_get_info(device)[0])


class Residence:
    """Two series [N, T] and the device that works on them. If the series move, they move for all users of this object.

    own, aggregate: float32 [N, T], ordinary arrays or memory-mapped files; free: returns the device's free bytes.
    ``streams_because`` is None while the series are on the device, else why they are not.
    """

    def __init__(
        self,
        own: np.ndarray,
        aggregate: np.ndarray,
        device: torch.device,
        free: Callable[[torch.device], float] = free_bytes,
    ) -> None:
        self.device = device
        self.streams_because: str | None = None
        self.own = torch.from_numpy(own)
        self.aggregate = torch.from_numpy(aggregate)
        needed, there = own.nbytes + aggregate.nbytes, free(device)
        if needed > SERIES_SHARE * there:
            self._stream(
                f"the series need {needed / 2**30:.3g} GiB, and {there / 2**30:.3g} GiB of {device} are free"
            )
            return
        try:
            on_device = self.own.to(device), self.aggregate.to(device)
        except torch.cuda.OutOfMemoryError:
            # Another process has taken the memory that was free a moment ago.
            self._stream(f"{device} has no room for the series' {needed / 2**30:.3g} GiB")
        else:
            self.own, self.aggregate = on_device

    @property
    def streams(self) -> bool:
        return self.streams_because is not None

    def leave_device(self, reason: str) -> None:
        """Move the series back to host memory and free the device's memory; reported once on standard error."""
        if self.streams:
            return
        self.own, self.aggregate = self.own.cpu(), self.aggregate.cpu()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self._stream(reason)

    def windows(
        self, name: Literal["own", "aggregate"], nodes: Tensor, starts: Tensor, length: int
    ) -> Tensor:
        """Parts [M, length] of one of the series from ``starts`` on, on the device.

        nodes, starts: int64 [M], on any device. If the device has no room for the windows, the series move to host
        memory.
        """
        if not self.streams:
            try:
                return self.gather(self.own if name == "own" else self.aggregate, nodes, starts, length)
            except torch.cuda.OutOfMemoryError:
                pass  # Retried below: outside this block the failed tensors are released.
            self.leave_device(f"{self.device} ran out of memory in gathering {len(nodes):,} windows")
        return self.gather(self.own if name == "own" else self.aggregate, nodes, starts, length)

    def gather(self, series: Tensor, nodes: Tensor, starts: Tensor, length: int) -> Tensor:
        """The same for any array [N, T] on any device; from host memory it is sent in blocks."""
        view = series.unfold(1, length, 1)
        nodes, starts = nodes.to(series.device), starts.to(series.device)
        if not self.streams or series.device.type == "cuda":
            return view[nodes, starts]
        result = torch.empty(len(nodes), length, dtype=series.dtype, device=self.device)
        for first in range(0, len(nodes), PAIRS_PER_BLOCK):
            part = slice(first, first + PAIRS_PER_BLOCK)
            result[part].copy_(self._pinned(view[nodes[part], starts[part]]), non_blocking=True)
        return result

    def _pinned(self, block: Tensor) -> Tensor:
        """In pinned memory, which the device reads while the host gathers the next block."""
        return block.pin_memory() if self.device.type == "cuda" else block

    def _stream(self, reason: str) -> None:
        self.streams_because = reason
        print(
            f"{reason}: the series stay in host memory and batches are sent as they are needed.",
            file=sys.stderr,
            flush=True,
        )
