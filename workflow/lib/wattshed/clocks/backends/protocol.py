"""What every clock back end can do, and the promise that the clock is given back."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import pandas as pd

from wattshed.config.models.clocks import ClocksBlock

if TYPE_CHECKING:
    import torch

Label = Literal["simulated", "recorded", "measured"]
B = TypeVar("B", bound="ClockBackend")


@dataclass(frozen=True)
class ClockReading:
    """One repeat at one clock, per call of the workload.

    time_s, energy_j: of one call, averaged over the window.
    applied_mhz: the clock seen during the window; None where nobody looked.
    throttled: power or heat, not the lock, held the clock down.
    """

    time_s: float
    energy_j: float
    applied_mhz: int | None
    throttled: bool = False
    temperature_c: float | None = None


class ClockBackend(Protocol):
    """Locks clocks and measures at them. ``label`` says how its readings are known."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> Label: ...

    @property
    def gpu(self) -> str: ...

    def supported_mhz(self) -> tuple[int, ...]:
        """Legal clocks [MHz], ascending."""
        ...

    def lock(self, clock_mhz: int) -> None: ...

    def applied_mhz(self) -> int | None:
        """The clock that holds now [MHz]; None where it cannot be known."""
        ...

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        """Repeat ``workload`` for at least ``min_s`` seconds; it returns only when its work is done."""
        ...

    def reset(self) -> None:
        """Give the clock back; safe to call twice."""
        ...

    def recorded_sweep(self) -> pd.DataFrame | None:
        """The rows of a finished sweep in its own order; None where clocks are swept now."""
        ...


class Backend(Protocol):
    """The plug-in: opens a :class:`ClockBackend`, and says where the workload runs under it."""

    def open(self, block: ClocksBlock) -> ClockBackend:
        """Raises :class:`Fault` where the back end cannot work here."""
        ...

    def device(self, block: ClocksBlock) -> "torch.device": ...


@contextmanager
def clock_given_back(backend: B) -> Iterator[B]:
    """Reset the backend's clock however the block ends: success, exception, Ctrl-C or SIGTERM.

    SIGKILL cannot be caught: the nvml backend therefore also resets when it starts.
    """
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _leave) if in_main else None
    try:
        yield backend
    finally:
        try:
            backend.reset()
        finally:
            if in_main:
                signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: FrameType | None) -> None:
    # An exception, unlike the default action, lets every finally block run.
    raise SystemExit(128 + number)
