"""Samples of a GPU while a workload runs on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.backends.gpu.knobs import GpuKnob
from wattshed.clocks.backends.gpu.throttling import reasons_now

SAMPLE_PERIOD_S = 0.05
LOST = "NVMLError_GpuIsLost"


@dataclass(frozen=True)
class GpuSample:
    """applied: in the knob's unit. reasons: what held the clock down, in words."""

    at_s: float
    applied: int
    power_w: float
    temperature_c: float
    reasons: tuple[str, ...]


def take_sample(driver: GpuDriver, knob: GpuKnob, at_s: float) -> GpuSample:
    """at_s: time of the sample [s]. Raises NVML's error where the GPU does not answer."""
    nvml, handle = driver.nvml, driver.handle
    return GpuSample(
        at_s=at_s,
        applied=knob.applied(),
        power_w=nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
        temperature_c=float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        reasons=reasons_now(driver, knob.knob),
    )


@dataclass
class Sampler:
    """Takes a sample every 50 ms in a thread while its block runs, at least one in all.

    An error of the thread is raised when the block ends, unless the block has failed itself. If it failed because the
    GPU was lost, of which a workload knows little, NVML's error is raised.
    """

    take: Callable[[], GpuSample]
    samples: list[GpuSample] = field(default_factory=list)

    def __enter__(self) -> Sampler:
        self._done = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._done.set()
        self._thread.join()
        kind = failure[0]
        if self._error is None and isinstance(kind, type) and issubclass(kind, Exception):
            try:
                self.take()
            except Exception as error:  # it may be why the block failed
                self._error = error
        if self._error is not None and (kind is None or type(self._error).__name__ == LOST):
            raise self._error

    def _run(self) -> None:
        try:
            # The first sample waits, so that an idle GPU's low clock is not mistaken for the locked one.
            while not self._done.wait(SAMPLE_PERIOD_S):
                self.samples.append(self.take())
            if not self.samples:
                self.samples.append(self.take())
        except Exception as error:  # raised when the block ends
            self._error = error


def mean_power_w(samples: list[GpuSample]) -> float:
    """Time-weighted mean by the trapezoid rule [W]."""
    if len(samples) == 1:
        return samples[0].power_w
    at_s = np.array([sample.at_s for sample in samples])
    power_w = np.array([sample.power_w for sample in samples])
    return float(np.trapezoid(power_w, at_s) / (at_s[-1] - at_s[0]))
