"""The simplest estimate: thermal design power times load, and a constant power for memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wattshed.energy.reading import JOULES_PER_KWH, PROCESSOR, Component
from wattshed.energy.sensors.cpu_load import CpuLoad
from wattshed.energy.sensors.provider import Provider, SensorReport
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

# 3 W per 8 GiB of DDR3 or DDR4: the convention of CodeCarbon before its version 3. Green Algorithms
# (doi:10.1002/advs.202100707) has 0.3725 W per GB, within 8 % of it.
RAM_W_PER_GIB = 0.375
GIB = 2**30


class TdpSensor:
    """CPU: ``tdp_w`` times the share of busy time since the last reading, all sockets together; RAM: flat.

    Linear from zero: the estimate of an idle processor is 0 W, so that net and gross energy differ by RAM alone.
    cpu_times, memory_bytes: for tests; None asks the operating system.
    """

    resolution_s = 0.1

    def __init__(
        self,
        tdp_w: float,
        components: frozenset[str] = frozenset(PROCESSOR),
        cpu_times: Callable[[], Any] | None = None,
        memory_bytes: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._tdp_w = tdp_w
        self._components = sorted(components)
        self._cpu_times = cpu_times
        self._memory_bytes = memory_bytes
        self._clock = clock
        self._load: CpuLoad | None = None
        self._sources = {
            "cpu": f"thermal design power of {tdp_w:g} W x load",
            "ram": f"flat {RAM_W_PER_GIB} W per GiB (CodeCarbon 2)",
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
            self._cpu_j += self._tdp_w * load * (now_s - self._last_s)
            self._last_s = now_s
        joules = {"cpu": self._cpu_j, "ram": self._ram_w * (now_s - self._start_s)}
        return {
            name: Component(joules[name] / JOULES_PER_KWH, Status.ESTIMATED, self._sources[name])
            for name in self._components
        }

    def stop(self) -> None:
        self._load = None


class TdpProvider(Provider):
    """Chosen if no counter reads CPU or memory and the study names this estimate."""

    components = frozenset(PROCESSOR)
    preference = 60
    tried = False

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        if metering.cpu_estimator != "tdp":
            return None
        if metering.cpu_tdp_w is None:
            raise Fault(
                "energy.metering.cpu_tdp_w is missing: cpu_estimator tdp needs the thermal design power of all "
                "sockets in W; look it up for this processor, or set cpu_estimator to codecarbon."
            )
        return TdpSensor(metering.cpu_tdp_w, components)

    def survey(self, name: str, metering: MeteringBlock) -> list[SensorReport]:
        if metering.cpu_tdp_w is None:
            detail = "no thermal design power is given"
            remedy = "optional: set energy.metering.cpu_tdp_w and cpu_estimator tdp"
            return [
                SensorReport(component, name, Status.MISSING, detail, remedy, None) for component in PROCESSOR
            ]
        details = {
            "cpu": f"thermal design power of {metering.cpu_tdp_w:g} W x load",
            "ram": f"a flat {RAM_W_PER_GIB} W per GiB",
        }
        return [
            SensorReport(component, name, Status.ESTIMATED, detail, None, TdpSensor.resolution_s)
            for component, detail in details.items()
        ]


SENSOR = TdpProvider()
