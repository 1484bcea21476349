"""The estimate where no counter can be read: a stated power per busy core, and a flat power for memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wattshed.energy.constants import CORE_W, GIB_W, Constant
from wattshed.energy.reading import JOULES_PER_KWH, PROCESSOR, Component
from wattshed.energy.sensors.processor.cpu_load import CpuLoad
from wattshed.energy.sensors.processor.processor_power import core_power
from wattshed.energy.sensors.provider import Provider, SensorReport
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

# 3 W per 8 GiB of DDR3 or DDR4: the convention of CodeCarbon before its version 3. Green Algorithms
# (doi:10.1002/advs.202100707) has 0.3725 W per GB, within 8 % of it.
RAM_W_PER_GIB = 0.375
GIB_POWER = Constant(RAM_W_PER_GIB, "W per GiB of memory", "3 W per 8 GiB, the convention of CodeCarbon 2")
GIB = 2**30


class TdpSensor:
    """CPU: power of all busy cores; RAM: flat.

    Linear from zero: the estimate of an idle processor is 0 W, so that net and gross energy differ by RAM alone.
    core: power of one busy logical core. cpu_times, memory_bytes, cores: for tests; None asks the operating system.
    """

    resolution_s = 0.1

    def __init__(
        self,
        core: Constant,
        components: frozenset[str] = frozenset(PROCESSOR),
        cpu_times: Callable[[], Any] | None = None,
        memory_bytes: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        cores: int | None = None,
    ) -> None:
        self._core = core
        self._full_w = core.value * (cores or os.cpu_count() or 1)
        self._components = sorted(components)
        self._cpu_times = cpu_times
        self._memory_bytes = memory_bytes
        self._clock = clock
        self._load: CpuLoad | None = None
        stated = {"cpu": {CORE_W: core}, "ram": {GIB_W: GIB_POWER}}
        self.constants = {name: found for part in self._components for name, found in stated[part].items()}
        self._sources = {
            "cpu": f"{self._full_w:.4g} W at full load x load",
            "ram": f"flat {RAM_W_PER_GIB} W per GiB",
        }

    def start(self) -> None:
        if self._memory_bytes is None:
            import psutil

            self._memory_bytes = psutil.virtual_memory().total
        self._ram_w = RAM_W_PER_GIB * self._memory_bytes / GIB
        self._cpu_j = 0.0
        self._start_s = self._last_s = self._clock()
        self._load = CpuLoad(self._cpu_times)

    def read(self) -> dict[str, Component]:
        if self._load is None:
            return {name: Component.missing("tdp: not started") for name in self._components}
        now_s, load = self._clock(), self._load.since_last()
        if load is not None:  # if the system's counts have not moved yet, the span continues until they do
            self._cpu_j += self._full_w * load * (now_s - self._last_s)
            self._last_s = now_s
        joules = {"cpu": self._cpu_j, "ram": self._ram_w * (now_s - self._start_s)}
        return {
            name: Component(joules[name] / JOULES_PER_KWH, Status.ESTIMATED, self._sources[name])
            for name in self._components
        }

    def stop(self) -> None:
        self._load = None


class TdpProvider(Provider):
    """Chosen if no counter reads CPU or memory, unless the study names another estimator."""

    components = frozenset(PROCESSOR)
    preference = 60
    tried = False

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        if metering.cpu_estimator != "tdp":
            return None
        return TdpSensor(core_power(metering.cpu_power_w), components)

    def survey(self, name: str, metering: MeteringBlock) -> list[SensorReport]:
        core = core_power(metering.cpu_power_w)
        details = {
            "cpu": f"{core.value:.3g} {core.unit} ({core.source})",
            "ram": f"{RAM_W_PER_GIB} {GIB_POWER.unit} ({GIB_POWER.source})",
        }
        remedies = {
            "cpu": "give --cpu-power-w if you know its power at full load"
            if "assumed" in core.source
            else None
        }
        return [
            SensorReport(
                component, name, Status.ESTIMATED, detail, remedies.get(component), TdpSensor.resolution_s
            )
            for component, detail in details.items()
        ]


SENSOR = TdpProvider()
