"""Activity of a real GPU, window by window, through NVML; it needs no right that others do not have.

NVML has the time in which some kernel ran and the time in which memory was read or written, but no activity of SMs,
tensor cores or DRAM. So the rule that applies to it is ``utilisation``; the rules ``activity`` and ``plan`` need
DCGM and are refused before a clock is locked.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Any

from wattshed.clocks.governing.reading import Reading
from wattshed.devices.nvml import open_nvml
from wattshed.foundation.faults import Fault, one_line

# NVML renews its utilisation every sixth of a second to a second, by GPU.
SAMPLE_S = 0.1


class NvmlSampler:
    """running: whether the workload still runs. finished: how many units of work it has finished so far, None if it
    cannot tell. ``nvml`` replaces the module pynvml, ``sleep`` and ``clock`` the time.

    Raises :class:`Fault`, at once or later, where NVML does not answer.
    """

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
        self._index = index
        try:
            # Asked once before the workload begins: some virtual GPUs do not tell.
            self._shares()
        except BaseException:
            self.close()
            raise
        self._start_s = clock()

    def next_window(self) -> Reading | None:
        begun_s, done = self._clock(), self._finished() if self._finished else 0.0
        samples: list[tuple[float, float]] = []
        while not samples or self._clock() - begun_s < self._window_s:
            if not self._running():
                return None
            self._sleep(min(SAMPLE_S, self._window_s))
            samples.append(self._shares())
        ended_s = self._clock()
        values = {
            name: median(sample[place] for sample in samples) for place, name in enumerate(self.columns)
        }
        throughput = (self._finished() - done) / (ended_s - begun_s) if self._finished else None
        return Reading(ended_s - self._start_s, values, throughput)

    def close(self) -> None:
        """Errors are passed over: the GPU may be lost, and the exit code of the workload must not be."""
        with suppress(self._nvml.NVMLError):
            self._nvml.nvmlShutdown()

    def _shares(self) -> tuple[float, float]:
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(self._index)
            rates = self._nvml.nvmlDeviceGetUtilizationRates(handle)
        except self._nvml.NVMLError as error:
            raise Fault(
                f"GPU {self._index} does not tell how busy it is ({one_line(error)}): expected an answer of NVML; look "
                "at `sudo dmesg | grep NVRM`, or govern a power log instead."
            ) from error
        # NVML gives percent.
        return rates.gpu / 100, rates.memory / 100
