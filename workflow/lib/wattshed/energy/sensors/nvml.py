"""Every visible GPU's energy through NVML: its counter, or power samples where it has none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wattshed.devices.absence import Absence
from wattshed.devices.visible_gpus import VisibleGpu, visible_gpus
from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.energy.sensors.gpu_power import POWER_RESOLUTION_S, SampledPower
from wattshed.energy.sensors.provider import Provider
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

# Counters step every 20 to 100 ms, by generation.
RESOLUTION_S = 0.1


class NvmlSensor:
    """One component per visible GPU, ``gpu0``, ``gpu1``, … by NVML index; ``gpu`` alone where there is none.

    A GPU in MIG mode is refused: its counter covers all instances. The power of a GPU without a counter is sampled ten
    times a second and integrated. That is an estimate, and no window shorter than a second is reported from it.
    nvml: NVML's bindings, None for the installed ones. absences: components missing from the start, and why.
    """

    def __init__(
        self,
        nvml: Any = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._nvml = nvml
        self._environment = environment
        self._clock = clock
        self._opened: Any = None
        self._counters: list[_Counter] = []
        self._sampled: list[SampledPower] = []
        self.resolution_s = RESOLUTION_S
        self.absences = {"gpu": Absence("nvml: not started")}

    def start(self) -> None:
        self.stop()
        gpus, absence, self._opened = visible_gpus(self._nvml, self._environment)
        self.absences = {"gpu": absence} if absence else {}
        for gpu in gpus:
            name = f"gpu{gpu.index}"
            if gpu.refusal:
                self.absences[name] = gpu.refusal
                continue
            try:
                self._counters.append(_Counter(name, self._opened, gpu))
            except self._opened.NVMLError as no_counter:
                power = SampledPower(name, self._opened, gpu, self._clock)
                if power.works():
                    self._sampled.append(power)
                    power.start()
                else:
                    reason = f"nvml: neither energy counter nor power ({no_counter})"
                    self.absences[name] = Absence(reason)
        self.resolution_s = POWER_RESOLUTION_S if self._sampled else RESOLUTION_S

    def read(self) -> dict[str, Component]:
        parts = {name: Component.missing(absence) for name, absence in self.absences.items()}
        parts.update({counter.name: counter.read() for counter in self._counters})
        parts.update({power.name: power.read() for power in self._sampled})
        return parts

    def stop(self) -> None:
        for power in self._sampled:
            power.stop()
        self._counters, self._sampled = [], []
        self.absences = {"gpu": Absence("nvml: stopped")}
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.nvmlShutdown()


class _Counter:
    """A GPU's total energy counter [mJ since the driver was loaded]."""

    def __init__(self, name: str, nvml: Any, gpu: VisibleGpu) -> None:
        self.name = name
        self._nvml = nvml
        self._handle = gpu.handle
        self._start_mj = self._last_mj = nvml.nvmlDeviceGetTotalEnergyConsumption(gpu.handle)
        self._lost = ""

    def read(self) -> Component:
        if not self._lost:
            try:
                now_mj = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
            except self._nvml.NVMLError as error:
                return Component.missing(f"nvml: {error}")
            if now_mj < self._last_mj:
                # The energy is unknown from here on: the count before the driver was reloaded is lost.
                self._lost = "nvml: the energy counter fell back, as after a reload of the driver"
            self._last_mj = now_mj
        if self._lost:
            return Component.missing(self._lost)
        kwh = (self._last_mj - self._start_mj) / 1000 / JOULES_PER_KWH
        return Component(kwh, Status.MEASURED, "nvml energy counter")


class NvmlProvider(Provider):
    """Chosen without a trial: on a machine without a GPU, this sensor states so in the ledger."""

    components = frozenset({"gpu"})
    preference = 90
    tried = False

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor:
        return NvmlSensor()


SENSOR = NvmlProvider()
