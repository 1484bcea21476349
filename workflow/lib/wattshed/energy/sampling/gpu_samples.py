"""Clocks, power, temperature, utilisation and throttle reasons of every visible GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from wattshed.devices.visible_gpus import visible_gpus


class GpuSamples:
    """Values named ``gpu0_sm_clock_mhz`` and so on; cards in MIG mode and values that a card lacks are left out.

    ``throttle_bits`` are NVML's clocks event reasons: 1 is an idle GPU, 2 a clock set by a user; the others (4 power
    cap, 8 and above: heat, power brake) lower the clock.
    """

    def __init__(self, nvml: Any = None, environment: Mapping[str, str] = os.environ) -> None:
        gpus, _, self._nvml = visible_gpus(nvml, environment)
        self._gpus = [gpu for gpu in gpus if gpu.refusal is None]

    def sample(self) -> dict[str, float]:
        values = {}
        for gpu in self._gpus:
            for name, ask in self._questions(gpu.handle).items():
                try:
                    values[f"gpu{gpu.index}_{name}"] = float(ask())
                except self._nvml.NVMLError:
                    continue
        return values

    def _questions(self, handle: Any) -> dict[str, Callable[[], float]]:
        nvml = self._nvml
        return {
            "sm_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
            "memory_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
            "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
            "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
            "utilisation_percent": lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
            # The older name of the event reasons, which drivers before 535 also have.
            "throttle_bits": lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle),
        }
