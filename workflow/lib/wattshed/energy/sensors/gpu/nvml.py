"""Every visible GPU's energy through NVML: its counter, or power samples where it has none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from wattshed.devices.absence import Absence
from wattshed.devices.amd_gpus import may_use_amd
from wattshed.devices.present_gpus import NVIDIA, count_present
from wattshed.devices.visible_gpus import VisibleGpu, visible_gpus
from wattshed.energy.sensors.gpu.gpu_counter import GpuCounter
from wattshed.energy.sensors.gpu.gpu_power import SampledPower
from wattshed.energy.sensors.gpu.gpu_sensor import GpuSensor
from wattshed.energy.sensors.provider import Provider

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

# Counters step every 20 to 100 ms, by generation.
RESOLUTION_S = 0.1


class NvmlSensor(GpuSensor):
    """One component per visible GPU, ``gpu0``, ``gpu1``, … by NVML index; ``gpu`` alone if this job has none.

    A GPU that is there and cannot be read is missing under its number: in MIG mode (its counter covers all instances),
    lost, or with a driver that does not answer. The power of a GPU without a counter is sampled ten times a second and
    integrated. That is an estimate, and no window shorter than a second is reported from it.
    nvml: NVML's bindings, None for the installed ones.
    """

    def __init__(
        self,
        nvml: Any = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__("nvml", RESOLUTION_S)
        self._nvml = nvml
        self._environment = environment
        self._clock = clock
        self._opened: Any = None
        self.absences = {"gpu": Absence("nvml: not started")}

    def start(self) -> None:
        self.stop()
        gpus, absence, self._opened = visible_gpus(self._nvml, self._environment)
        self.absences = {}
        if absence is not None:
            self.absences = {f"gpu{number}": absence for number in absence.numbers} or {"gpu": absence}
        for gpu in gpus:
            name = f"gpu{gpu.index}"
            if gpu.refusal:
                self.absences[name] = gpu.refusal
            else:
                power = partial(SampledPower, name, self._opened, gpu, self._clock)
                self._meter(name, partial(_counter, name, self._opened, gpu), power)

    def stop(self) -> None:
        self._forget()
        self.absences = {"gpu": Absence("nvml: stopped")}
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.nvmlShutdown()


def _counter(name: str, nvml: Any, gpu: VisibleGpu) -> GpuCounter:
    """A GPU's total energy [mJ since the driver was loaded]."""
    ask = partial(nvml.nvmlDeviceGetTotalEnergyConsumption, gpu.handle)
    return GpuCounter(name, ask, "nvml", 1e-3, "nvml energy counter")


class NvmlProvider(Provider):
    """Chosen without a trial: on a machine without a GPU, this sensor states so in the ledger."""

    components = frozenset({"gpu"})
    preference = 90
    tried = False

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        """None where the only GPUs are AMD's, which another sensor reads."""
        return NvmlSensor() if count_present(NVIDIA) or not may_use_amd() else None


SENSOR = NvmlProvider()
