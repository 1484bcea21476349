"""A sensor whose every reading is checked: a reading that cannot be true is missing, and no sensor ends a job."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wattshed.devices.absence import Absence
from wattshed.energy.constants import CORE_W, GIB_W, Constant
from wattshed.energy.reading import COMPONENTS, Component
from wattshed.energy.sensors.track import RESOLUTIONS, Track
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.energy.sensors.protocol import Sensor

# A counter is seen to step before it is called measured: it is waited for ten resolutions within these bounds, and
# asked so often per resolution. One that steps more rarely is not waited for: it is judged during the job.
LEAST_PATIENCE_S = 0.1
PATIENCE_S = 1.0
POLLS_PER_RESOLUTION = 20
# Counters are read this often between the meter's readings: one that stops within a long window is then noticed at the
# window's end, although it has moved since the window's start.
WATCH_EVERY_S = 0.5
STILL_REMEDY = (
    "restart the machine, or load the counter's driver again; a virtual machine's counter may never move"
)


def kind_of(component: str) -> str:
    """``gpu`` for ``gpu0``, ``gpu_amd1`` and so on; else the component itself."""
    return "gpu" if component.startswith("gpu") else component


class CheckedSensor:
    """A sensor of which some kinds of component are used, and whose readings are not believed unseen.

    * A counter (status ``measured``) must step within ten of its resolutions after its start (0.1 to 1 s). If it
      does not, the sensor is told (``distrust``, if it has that), and the component is missing unless it has another
      way.
    * A counter that has not moved since a reading at least one resolution ago is missing at this reading, and after a
      second without a step for good.
    * An energy that falls, or rises faster than any machine's power, is missing for good.
    * An energy that is not a finite number of kWh >= 0, a component that is no longer reported, and a sensor that
      raises, are missing at this reading. The energy counts from the start, so that a later reading can be good again.

    sensor: the one inside. name: of its plug-in, for reasons. kinds: those of ``cpu``, ``ram``, ``gpu`` to report; a
    component of another kind is left out.
    """

    def __init__(
        self,
        sensor: Sensor,
        name: str,
        kinds: frozenset[str] = frozenset(COMPONENTS),
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
        watch_every_s: float = WATCH_EVERY_S,
    ) -> None:
        self.sensor = sensor
        self._name = name
        self._kinds = kinds
        self._clock = clock
        self._sleep = sleep
        self.resolution_s = self._resolution_s()
        self._tracks: dict[str, Track] = {}
        self._failure = ""
        self._watch_every_s = watch_every_s
        # Reentrant: the handler of a signal may read while this thread reads.
        self._lock = threading.RLock()
        self._watch: _Watch | None = None

    @property
    def absences(self) -> dict[str, Absence]:
        """Why components are missing, and what to do, as far as it is known."""
        own = getattr(self.sensor, "absences", None)
        found = dict(own) if isinstance(own, dict) else {}
        still = {
            name: Absence(track.lost, STILL_REMEDY) for name, track in self._tracks.items() if track.still
        }
        return {**found, **still}

    @property
    def readable(self) -> frozenset[str]:
        """Kinds of component that were known and, if counters, seen to step when the sensor was started."""
        return frozenset(kind_of(name) for name, track in self._tracks.items() if track.usable)

    @property
    def whole(self) -> bool:
        """Whether it meters the job alone and not the machine."""
        return bool(getattr(self.sensor, "whole", False))

    @property
    def constants(self) -> dict[str, Constant]:
        """What the estimates of the used kinds rest on; a sensor may know it only after it was started."""
        found = getattr(self.sensor, "constants", None)
        of = {CORE_W: "cpu", GIB_W: "ram"}
        stated = found if isinstance(found, dict) else {}
        return {name: constant for name, constant in stated.items() if of.get(name) in self._kinds}

    def start(self) -> None:
        """Raises what :class:`Fault` the sensor raises; any other failure makes its components missing."""
        self._end_watch()
        self._tracks, self._failure = {}, ""
        try:
            self.sensor.start()
        except Fault:
            raise
        except (Exception, SystemExit) as error:
            self._failure = _failed(self._name, error)
        # A sensor may know its resolution only after it was started.
        self.resolution_s = self._resolution_s()
        if self._failure:
            return
        measured = self._see_steps()
        self.resolution_s = self._resolution_s()
        if measured:
            self._watch = _Watch(self.read, self._name, self._watch_every_s)

    def read(self) -> dict[str, Component]:
        with self._lock:
            return self._read()

    def _read(self) -> dict[str, Component]:
        if self._failure:
            return {name: Component.missing(self._failure) for name in sorted(self._kinds)}
        raw, counts, failure = self._ask()
        if not self._tracks:
            # Before the start and after the stop there is nothing to compare with.
            return raw or {name: Component.missing(failure) for name in sorted(self._kinds)}
        now_s = self._clock()
        parts = {}
        for name, track in self._tracks.items():
            part = raw.get(name)
            if part is None:
                parts[name] = Component.missing(failure or f"{self._name}: no longer reported")
            else:
                track.note(part, counts.get(name), now_s)
                parts[name] = track.checked(part, now_s, self.resolution_s)
        return parts

    def stop(self) -> None:
        self._end_watch()
        self._tracks = {}
        try:
            self.sensor.stop()
        except Exception:
            # The energies are already read: what a sensor leaves behind must not end the job.
            return

    def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.end()

    def _see_steps(self) -> bool:
        """Wait until every counter has moved, and do not believe those that stand still. Whether any has moved."""
        raw, counts, failure = self._ask()
        if not raw:
            nothing = Component.missing(failure or f"{self._name}: it reports nothing")
            raw = dict.fromkeys(sorted(self._kinds), nothing)
        start_s = self._clock()
        self._tracks = {
            name: Track(part, counts.get(name), start_s, self._name) for name, part in raw.items()
        }
        measured = {name for name, part in raw.items() if part.status == Status.MEASURED}
        waiting = set(measured)
        patience_s = min(PATIENCE_S, max(LEAST_PATIENCE_S, RESOLUTIONS * self.resolution_s))
        if patience_s < self.resolution_s:
            return bool(measured)
        until_s = start_s + patience_s
        while waiting and self._clock() < until_s:
            self._sleep(self.resolution_s / POLLS_PER_RESOLUTION)
            raw, counts, _ = self._ask()
            now_s = self._clock()
            for name in [name for name in waiting if name in raw]:
                self._tracks[name].note(raw[name], counts.get(name), now_s)
                if self._tracks[name].moved_since(start_s):
                    waiting.discard(name)
        if not waiting:
            return bool(measured)
        why = f"the energy counter did not move in {self._clock() - start_s:.2g} s"
        for name in waiting:
            self._distrust(name, why)
        raw, counts, _ = self._ask()
        now_s = self._clock()
        for name in waiting:
            part = raw.get(name)
            if part is not None and part.status == Status.MEASURED:
                self._tracks[name].give_up(why)
            elif part is not None:
                self._tracks[name] = Track(part, counts.get(name), now_s, self._name)
        return measured != waiting

    def _distrust(self, name: str, why: str) -> None:
        tell = getattr(self.sensor, "distrust", None)
        if tell is not None:
            try:
                tell(name, why)
            except Exception:
                return  # it is then given up

    def _ask(self) -> tuple[dict[str, Component], dict[str, tuple[Any, ...]], str]:
        """The components of the used kinds, the raw counts behind them, and why there are none."""
        try:
            answer = self.sensor.read()
            if not isinstance(answer, Mapping):
                raise TypeError(f"its reading is {type(answer).__name__}, not a dictionary of components")
            raw = {
                name: _component(name, part, self._name)
                for name, part in answer.items()
                if isinstance(name, str) and kind_of(name) in self._kinds
            }
            counts = getattr(self.sensor, "counts", None)
            return raw, counts if isinstance(counts, dict) else {}, ""
        except (Exception, SystemExit) as error:
            return {}, {}, _failed(self._name, error)

    def _resolution_s(self) -> float:
        """Raises :class:`Fault` if the sensor's resolution is not a time."""
        found = getattr(self.sensor, "resolution_s", None)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < math.inf:
            raise Fault(
                f"the sensor {self._name!r} has the resolution {found!r}: expected resolution_s as seconds above 0; "
                "correct the plug-in."
            )
        return float(found)


class _Watch:
    """A thread that reads a sensor's counters from time to time."""

    def __init__(self, read: Callable[[], Any], name: str, every_s: float) -> None:
        self._read = read
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"wattshed-watch-{name}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self._read()


def _component(name: str, part: Any, sensor: str) -> Component:
    """The part of a sensor's answer if it is an energy or says why it is none; else a missing one."""
    if not isinstance(part, Component):
        return Component.missing(f"{sensor}: its {name} is {type(part).__name__}, not an energy")
    if part.kwh is None:
        return part
    try:
        number = not isinstance(part.kwh, bool) and math.isfinite(part.kwh) and part.kwh >= 0
    except (TypeError, ValueError):
        number = False
    if not number:
        return Component.missing(f"{sensor}: its {name} reads {part.kwh!r} kWh, which is not an energy")
    if type(part.kwh) is float and type(part.source) is str:
        return part
    # Numbers of other libraries, such as numpy's, cannot be written to the ledger.
    return Component(float(part.kwh), part.status, str(part.source))


def _failed(name: str, error: BaseException) -> str:
    return f"{name}: it failed with {type(error).__name__} ({one_line(error)})"
