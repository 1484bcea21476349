"""A GPU's energy from samples of its power, for cards without an energy counter."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from wattshed.devices.visible_gpus import VisibleGpu
from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.energy.sensors.gpu.gpu_counter import is_number
from wattshed.foundation.faults import one_line
from wattshed.foundation.vocabulary import Status

SAMPLE_EVERY_S = 0.1
# On some generations, NVML's power is a mean over up to one second.
POWER_RESOLUTION_S = 1.0
# A longer gap in the readings is not interpolated: the energy is then lost.
LONGEST_GAP_S = 1.0
# No card draws more; libraries that have no value answer with all bits set, which is megawatts.
MOST_W = 5000.0


class PowerSamples:
    """Energy by the trapezoid rule over power samples: a thread takes them, and each reading takes one more.

    A sample that fails, that is not a number, or that is not a power which a card can draw (0 W, negative, megawatts)
    is a gap. A short gap is bridged; after a long one the energy is lost. ask_w: raises what the library raises.
    """

    def __init__(
        self, name: str, ask_w: Callable[[], Any], maker: str, clock: Callable[[], float], note: str = ""
    ) -> None:
        self.name = name
        self._ask_w = ask_w
        self._maker = maker
        self._clock = clock
        self._source = f"{maker} power sampled every {SAMPLE_EVERY_S:g} s{note}"
        # Reentrant: the handler of a signal may read while this thread reads.
        self._lock = threading.RLock()
        self._joules = 0.0
        self._last: tuple[float, float] | None = None
        self._error = ""
        self._lost = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"wattshed-{name}", daemon=True)

    def works(self) -> bool:
        return self.read().kwh is not None

    def start(self) -> None:
        self._thread.start()

    def read(self) -> Component:
        with self._lock:
            self._take()
            reason = self._lost or self._error
            if reason:
                return Component.missing(reason)
            return Component(self._joules / JOULES_PER_KWH, Status.ESTIMATED, self._source)

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_EVERY_S):
            with self._lock:
                self._take()

    def _take(self) -> None:
        now_s = self._clock()
        try:
            power_w = _power_w(self._ask_w())
        except Exception as error:  # the library's own errors, and those of an answer of another type
            self._error = f"{self._maker}: {one_line(error)}"
            return
        if self._last is not None:
            last_s, last_w = self._last
            if self._error and now_s - last_s > LONGEST_GAP_S:
                self._lost = (
                    f"{self._maker}: power could not be read for {now_s - last_s:.1f} s ({self._error})"
                )
            self._joules += (now_s - last_s) * (power_w + last_w) / 2
        self._last, self._error = (now_s, power_w), ""


class SampledPower(PowerSamples):
    """Samples of NVML's power."""

    def __init__(self, name: str, nvml: Any, gpu: VisibleGpu, clock: Callable[[], float]) -> None:
        super().__init__(name, lambda: nvml.nvmlDeviceGetPowerUsage(gpu.handle) / 1000, "nvml", clock)


def _power_w(value: Any) -> float:
    if not is_number(value) or not 0 < value <= MOST_W:
        raise ValueError(f"the power reads {value!r} W, which no working card draws")
    return float(value)
