"""The meter: windows of a job, each written to the ledger with its energy."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattshed.energy.ledger.scalars import plain_labels, plain_values
from wattshed.energy.reading import TOO_SHORT, Reading
from wattshed.energy.readout import Edge, Readout, Span, between
from wattshed.energy.share.own_energy import RESOLUTION_S
from wattshed.energy.window import Measurement, Window

if TYPE_CHECKING:
    from wattshed.devices.gpu_processes import GpuUse
    from wattshed.energy.idle import IdlePower
    from wattshed.energy.ledger.writing import Ledger
    from wattshed.energy.sensors.protocol import Sensor
    from wattshed.energy.share.usage import Usage

# Repeated work lasts at least this many resolutions of the slowest sensor, so that a counter's step is a
# small part.
RESOLUTIONS = 3
# Random pause between two trials, in resolutions, so that trials do not stay in phase with the counter.
PAUSE_STEPS = (2.0, 3.0)
LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True)
class Totals(Span):
    """Of a whole job; net: the machine's energy above idle."""

    net: Reading


class Meter:
    """Reads all sensors at both ends of each window. Windows may nest and overlap.

    The clock is monotonic. ``own`` is the job's own energy; ``energy`` is machine-wide and gross, and ``net`` is that
    less the idle power, if it is known. Several threads may use one meter.

    usage: what the job and others use; None reads this process' tree and machine. gpu_use: the same for GPUs, None if
    that is not asked: each is then wholly the job's.
    """

    def __init__(
        self,
        ledger: Ledger,
        sensors: Sequence[Sensor],
        minimum_window_s: float,
        synchronise: Callable[[], None] = lambda: None,
        *,
        idle: IdlePower | None = None,
        idle_missing: str | None = None,
        usage: Usage | None = None,
        gpu_use: GpuUse | None = None,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledger = ledger
        self._readout = Readout(sensors, clock, idle, usage, gpu_use)
        self._synchronise = synchronise
        self._idle = idle
        self._clock = clock
        self._sleep = sleep
        self.constants = self._readout.constants
        self._lock = threading.RLock()
        self._open: dict[int, tuple[Window, Edge]] = {}
        self._process = os.getpid()
        self.idle_missing = idle_missing
        self.minimum_window_s = minimum_window_s
        self.stop_reason: str | None = None
        self.exit_code: int | None = None
        # What the whole job took, once it has ended.
        self.totals: Totals | None = None
        self._first = self._edge()

    def since_start(self) -> Totals:
        """Time, energies and use since the meter began, after the accelerator has finished its work."""
        self._synchronise()
        span = between(self._first, self._edge() if self._is_own else self._first)
        net = self._net(span.energy, span.duration_s)
        return Totals(span.duration_s, span.energy, span.own, span.use, net)

    def own_so_far(self) -> Reading:
        """Own energy since the meter began, at once: it does not wait for the accelerator."""
        return (self._edge() if self._is_own else self._first).own.since(self._first.own)

    def begin(self, name: str, **labels: Any) -> Window:
        """Open a window; :meth:`end` closes it. Windows need not nest."""
        window = Window(name, plain_labels(labels, f"the window {name}"))
        if not self._is_own:
            return window
        self._synchronise()
        with self._lock:
            self._open[id(window)] = (window, self._edge())
        return window

    @property
    def _is_own(self) -> bool:
        """Whether this process made the meter. In a process forked from it, other threads' locks may be held for ever,
        and its energy is its parent's: there, windows measure nothing."""
        return os.getpid() == self._process

    def end(self, window: Window) -> Window:
        """Close a window; its event is on disk when this returns.

        The energy of a window that is shorter than a sensor's resolution is missing, with that reason. Raises
        ValueError for a window that is not open.
        """
        if not self._is_own:
            return window
        self._synchronise()
        with self._lock:
            if id(window) not in self._open:
                raise ValueError(
                    f"window {window.name} is not open: each window is begun once and ended once"
                )
            _, first = self._open.pop(id(window))
            last = self._edge()
        span = between(first, last)
        duration_s, total, own = span.duration_s, span.energy, span.own
        resolution_s = max(first.resolution_s, last.resolution_s)
        if duration_s < resolution_s:
            too_short = f"window of {duration_s:.3g} s {TOO_SHORT} of {resolution_s:g} s"
            total = total.refused(too_short)
            # Processor time has no such steps.
            exact = self._readout.exact if duration_s >= RESOLUTION_S else frozenset()
            own = own.refused(too_short, except_for=exact)
        sampled = {"sampled": window.samples_json()} if window.sampled else {}
        values, notes = plain_values(window.values)
        noted = {"notes": notes} if notes else {}
        self._ledger.append(
            "window",
            name=window.name,
            labels=window.labels,
            repeats=window.repeats,
            start_s=first.at_s - self._first.at_s,
            end_s=last.at_s - self._first.at_s,
            duration_s=duration_s,
            energy=total.to_json(),
            own=own.to_json(),
            use=span.use_json(),
            values=values,
            **noted,
            **sampled,
        )
        window.duration_s = duration_s / window.repeats
        window.energy = total.divided(window.repeats)
        window.net = self._net(total, duration_s).divided(window.repeats)
        window.own = own.divided(window.repeats)
        window.use = span.use
        window.alone = span.alone
        return window

    @property
    def own_source(self) -> str:
        """Where own processor seconds come from."""
        return self._readout.usage.source

    @contextmanager
    def window(self, name: str, **labels: Any) -> Iterator[Window]:
        """Measure the block. If it raises, no window is written: an unfinished epoch is not a result."""
        window = self.begin(name, **labels)
        try:
            yield window
        except BaseException:
            if self._is_own:
                with self._lock:
                    del self._open[id(window)]
            raise
        self.end(window)

    def repeat(
        self,
        name: str,
        work: Callable[[], Any],
        values: Mapping[str, float | None] | None = None,
        *,
        warm_up_calls: int = 1,
        **labels: Any,
    ) -> Window:
        """Measure ``work`` after its warm-up calls, repeated until the window is long enough for every sensor."""
        for _ in range(warm_up_calls):
            work()
        return self._repeated(name, work, values or {}, labels)

    def measure(
        self,
        name: str,
        work: Callable[[], Any],
        *,
        trials: int = 10,
        warm_up_calls: int = 1,
        values: Mapping[str, float | None] | None = None,
        **labels: Any,
    ) -> Measurement:
        """Measure ``work`` in several windows after its warm-up calls: means have 95 % intervals.

        Every trial is repeated until it is long enough for every sensor, and has the label ``trial``. There is a pause
        of some counter steps between trials. Without it, energy that one trial misses at its end is counted by the
        next: such errors cancel in the mean but widen its interval.
        """
        for _ in range(warm_up_calls):
            work()
        windows = []
        pause = random.Random(name)
        for trial in range(1, trials + 1):
            if trial > 1:
                steps = pause.uniform(*PAUSE_STEPS)
                self._sleep(min(steps * self._edge().resolution_s, LONGEST_PAUSE_S))
            windows.append(self._repeated(name, work, values or {}, {**labels, "trial": trial}))
        return Measurement(windows)

    def _repeated(
        self,
        name: str,
        work: Callable[[], Any],
        values: Mapping[str, float | None],
        labels: dict[str, Any],
    ) -> Window:
        with self.window(name, **labels) as window:
            if not self._is_own:
                work()
                return window
            _, first = self._open[id(window)]
            long_enough_s = max(self.minimum_window_s, RESOLUTIONS * first.resolution_s)
            window.repeats = 0
            window.values.update(values)
            while window.repeats == 0 or self._clock() - first.at_s < long_enough_s:
                work()
                window.repeats += 1
        return window

    def tick(self) -> None:
        """Write the energy so far, so that a kill loses only later energy. The sampler's thread calls this.

        It does not wait for the accelerator, which would delay the measured work.
        """
        span = between(self._first, self._edge())
        self._ledger.append(
            "tick",
            at_s=span.duration_s,
            energy=span.energy.kwhs(),
            own=span.own.kwhs(),
            use=span.use_json(),
        )

    def take(self, sample: Mapping[str, float]) -> None:
        """Add one sample of clocks, power and other quantities to every open window.

        Shares of the machine are taken from sample to sample, so that a neighbour counts only while it was there.
        """
        with self._lock:
            self._readout.ask_gpus()
            self._readout.edge()
            for window, _ in self._open.values():
                window.take(sample)

    def stopped(self, reason: str) -> None:
        """Record that the job ends early, and why, in the ledger's ``end``."""
        self.stop_reason = reason

    def exited(self, exit_code: int) -> None:
        """Record the exit code of the measured command; a job with a code other than 0 has failed."""
        self.exit_code = exit_code

    def _net(self, gross: Reading, duration_s: float) -> Reading:
        if self._idle is None:
            return gross.refused(f"no idle power: {self.idle_missing}")
        return self._idle.net(gross, duration_s)

    def _edge(self) -> Edge:
        with self._lock:
            return self._readout.edge()
