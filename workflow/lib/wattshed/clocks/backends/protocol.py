"""What every clock back end must do, and a context that always resets the clock."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from wattshed.clocks.runs import EnergyBy, Knob
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import say

if TYPE_CHECKING:
    import pandas as pd
    import torch

Label = Literal["simulated", "recorded", "measured"]
B = TypeVar("B", bound="ClockBackend")


@dataclass(frozen=True)
class ClockReading:
    """One repeat at one clock, per call of the workload.

    time_s, energy_j: of one call, averaged over the window.
    applied: the setting read during the window; None if it was not read. energy_by: how the energy is known.
    throttled: power or heat, not the lock, held the clock down; reasons says in words what did. temperature_c: the
    median.
    """

    time_s: float
    energy_j: float
    applied: int | None
    energy_by: EnergyBy
    throttled: bool = False
    temperature_c: float | None = None
    reasons: tuple[str, ...] = ()


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

    def device(self, block: ClocksBlock) -> torch.device: ...


# Signals by which a terminal, a batch system or a user ends a process, and which can be caught.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


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
    """Reset the backend's clock when the block ends by success, exception, Ctrl-C, SIGTERM, SIGHUP or SIGQUIT.

    A further signal does not disturb the reset; it counts afterwards. If the reset fails too, its sentence is printed
    and the block's exception goes on. Where nothing can be caught (SIGKILL), the nvml backend's watchdog resets.
    """
    with _endings_as_exceptions() as endings:
        try:
            yield backend
        except BaseException:
            with endings.held():
                try:
                    backend.reset()
                except Exception as error:
                    say(f"error: {error}")
            raise
        with endings.held():
            backend.reset()


class _Endings:
    """Turns signals into exceptions, which run every finally block; their default actions do not."""

    def __init__(self) -> None:
        self._held = False
        self._late: int | None = None

    def heed(self, number: int, _frame: FrameType | None) -> None:
        if self._held:
            self._late = number
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise SystemExit(128 + number)

    @contextmanager
    def held(self) -> Iterator[None]:
        self._held = True
        try:
            yield
        finally:
            self._held = False
            late, self._late = self._late, None
        if late is not None:
            self.heed(late, None)


@contextmanager
def _endings_as_exceptions() -> Iterator[_Endings]:
    """Only Python's main thread may set handlers; signals that are ignored, as under nohup, stay ignored."""
    endings = _Endings()
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in ENDINGS:
                current = signal.getsignal(number)
                # None: a handler that Python did not set, and could not put back.
                if current not in (signal.SIG_IGN, None):
                    before[number] = current
                    signal.signal(number, endings.heed)
        yield endings
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
