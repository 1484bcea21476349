"""What every clock back end must do, and a context that always resets the clock."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, runtime_checkable

import pandas as pd

from wattshed.clocks.runs import EnergyBy, Knob
from wattshed.config.clocks.block import ClocksBlock

if TYPE_CHECKING:
    import torch

Label = Literal["simulated", "recorded", "measured"]
B = TypeVar("B", bound="ClockBackend")


@dataclass(frozen=True)
class ClockReading:
    """One repeat at one clock, per call of the workload.

    time_s, energy_j: of one call, averaged over the window.
    applied: the setting read during the window; None if it was not read. energy_by: how the energy is known.
    throttled: power or heat, not the lock, held the clock down.
    """

    time_s: float
    energy_j: float
    applied: int | None
    energy_by: EnergyBy
    throttled: bool = False
    temperature_c: float | None = None


class ClockBackend(Protocol):
    """Locks clocks and measures at them. ``label`` says whether its readings are measured or simulated."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> Label: ...

    @property
    def gpu(self) -> str: ...

    @property
    def gpu_uuid(self) -> str | None: ...

    @property
    def knob(self) -> Knob: ...

    def settings(self) -> tuple[int, ...]:
        """Legal settings in the knob's unit, ascending."""
        ...

    def lock(self, setting: int) -> None:
        """Raises :class:`ValueError` for a setting that is not legal, :class:`Fault` for one that is not obeyed."""
        ...

    def applied(self) -> int | None:
        """The current setting; None if it cannot be known."""
        ...

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        """Repeat ``workload`` for at least ``min_s`` seconds; it returns only when its work is done."""
        ...

    def reset(self) -> None:
        """Reset the clock; safe to call twice."""
        ...

    def recorded_sweep(self) -> pd.DataFrame | None:
        """The rows of a finished sweep in its own order; None if the back end measures now."""
        ...


class Backend(Protocol):
    """The plug-in: opens a :class:`ClockBackend`, and names the device on which the workload runs."""

    def open(self, block: ClocksBlock) -> ClockBackend:
        """Raises :class:`Fault` if the back end cannot work here."""
        ...

    def device(self, block: ClocksBlock) -> "torch.device": ...


@runtime_checkable
class KnowsWorkloads(Protocol):
    """A clock back end whose readings depend on the workload's name, such as the simulated one."""

    def use_workload(self, workload: str) -> None: ...


def open_for(plugin: Backend, block: ClocksBlock, workload: str) -> ClockBackend:
    """Open the back end and tell it the kind of workload (``inference``, ``training``, or a name of the study's own),
    if it wants to know."""
    opened = plugin.open(block)
    if isinstance(opened, KnowsWorkloads):
        opened.use_workload(workload)
    return opened


@contextmanager
def clock_given_back(backend: B) -> Iterator[B]:
    """Reset the backend's clock when the block ends by success, exception, Ctrl-C or SIGTERM.

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
    # Unlike the signal's default action, an exception runs every finally block.
    raise SystemExit(128 + number)
