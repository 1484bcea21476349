"""Activity of a real GPU, window by window, through NVML; it needs no right that others do not have.

NVML has the time in which some kernel ran and the time in which memory was read or written, but no activity of SMs,
tensor cores or DRAM. So the rule that applies to it is ``utilisation``; the rules ``activity`` and ``plan`` need
DCGM and are refused before a clock is locked.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from wattshed.clocks.governing.reading import Reading
from wattshed.devices.nvml import open_nvml
from wattshed.foundation.faults import Fault

# NVML renews its utilisation every sixth of a second to a second, by GPU.
SAMPLE_S = 0.1


class NvmlSampler:
    """running: whether the workload still runs. finished: how many units of work it has finished so far, None if it
    cannot tell. ``nvml`` replaces the module pynvml, ``sleep`` and ``clock`` the time."""

    columns = ("gpu_busy_share", "memory_busy_share")

    def __init__(
        self,
        index: int,
        window_s: float,
        running: Callable[[], bool],
        finished: Callable[[], float] | None = None,
        nvml: Any = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window_s, self._running, self._finished = window_s, running, finished
        self._sleep, self._clock = sleep, clock
        self._nvml, absence = open_nvml(nvml)
        if absence is not None:
            raise Fault(
                f"GPU {index} cannot be sampled through NVML ({absence.reason}): expected an NVIDIA driver; govern a "
                "recording or the simulator instead."
            )
        self._handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
        self._start_s = clock()

    def next_window(self) -> Reading | None:
        begun_s, done = self._clock(), self._finished() if self._finished else 0.0
        samples: list[tuple[float, float]] = []
        while not samples or self._clock() - begun_s < self._window_s:
            if not self._running():
                return None
            self._sleep(min(SAMPLE_S, self._window_s))
            rates = self._nvml.nvmlDeviceGetUtilizationRates(self._handle)
            # NVML gives percent.
            samples.append((rates.gpu / 100, rates.memory / 100))
        ended_s = self._clock()
        values = {
            name: median(sample[place] for sample in samples) for place, name in enumerate(self.columns)
        }
        throughput = (self._finished() - done) / (ended_s - begun_s) if self._finished else None
        return Reading(ended_s - self._start_s, values, throughput)

    def close(self) -> None:
        self._nvml.nvmlShutdown()
