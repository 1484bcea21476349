"""A GPU's energy from samples of its power, for cards without an energy counter."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from wattshed.devices.visible_gpus import VisibleGpu
from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.foundation.vocabulary import Status

SAMPLE_EVERY_S = 0.1
# On some generations, NVML's power is a mean over up to one second.
POWER_RESOLUTION_S = 1.0
# A longer gap in the readings is not interpolated: the energy is then lost.
LONGEST_GAP_S = 1.0
SOURCE = f"nvml power sampled every {SAMPLE_EVERY_S:g} s"


class SampledPower:
    """Energy by the trapezoid rule over power samples: a thread takes them, and each reading takes one more."""

    def __init__(self, name: str, nvml: Any, gpu: VisibleGpu, clock: Callable[[], float]) -> None:
        self.name = name
        self._nvml = nvml
        self._handle = gpu.handle
        self._clock = clock
        self._lock = threading.Lock()
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
            return Component(self._joules / JOULES_PER_KWH, Status.ESTIMATED, SOURCE)

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
            power_w = self._nvml.nvmlDeviceGetPowerUsage(self._handle) / 1000
        except self._nvml.NVMLError as error:
            self._error = f"nvml: {error}"
            return
        if self._last is not None:
            last_s, last_w = self._last
            if self._error and now_s - last_s > LONGEST_GAP_S:
                self._lost = f"nvml: power could not be read for {now_s - last_s:.1f} s ({self._error})"
            self._joules += (now_s - last_s) * (power_w + last_w) / 2
        self._last, self._error = (now_s, power_w), ""
