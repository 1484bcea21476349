"""Which sensors this machine offers: exactly one provider for each component."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.energy.sampling.cpu_samples import CpuSamples
from wattshed.energy.sampling.gpu_samples import GpuSamples
from wattshed.energy.sensors.codecarbon import CodeCarbonSensor
from wattshed.energy.sensors.nvml import NvmlSensor
from wattshed.energy.sensors.rapl import POWERCAP, RaplSensor
from wattshed.energy.sensors.survey import SensorReport, try_sensor
from wattshed.energy.sensors.tdp import RAM_W_PER_GIB, TdpSensor
from wattshed.energy.sensors.zeus import ZeusdSensor
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.reading import Component
    from wattshed.energy.sensors.protocol import Sampled, Sensor

PROCESSOR = frozenset({"cpu", "ram"})

__all__ = ["SensorReport", "open_samplers", "open_sensors", "survey"]


class Only:
    """A sensor of which only some components are wanted."""

    def __init__(self, sensor: Sensor, components: frozenset[str]) -> None:
        self._sensor = sensor
        self._components = components
        self.resolution_s = sensor.resolution_s

    def start(self) -> None:
        self._sensor.start()

    def read(self) -> dict[str, Component]:
        return {name: part for name, part in self._sensor.read().items() if name in self._components}

    def stop(self) -> None:
        self._sensor.stop()


def open_sensors(metering: MeteringBlock, powercap: Path = POWERCAP, nvml: Any = None) -> list[Sensor]:
    """Counters before estimates: RAPL, else zeusd, for CPU and RAM; NVML for GPUs; the rest is estimated.

    Raises :class:`Fault` where the tdp estimate is wanted and no TDP is given.
    """
    if metering.cpu_estimator == "tdp" and metering.cpu_tdp_w is None:
        raise Fault(
            "energy.metering.cpu_tdp_w is missing: cpu_estimator tdp needs the thermal design power of all sockets "
            "in W; look it up for this processor, or take codecarbon."
        )
    sensors: list[Sensor] = []
    open_components = PROCESSOR
    for counter in (RaplSensor(powercap), ZeusdSensor()):
        works = _works(counter) & open_components
        if works:
            sensors.append(Only(counter, works))
            open_components -= works
        if not open_components:
            break
    if open_components:
        sensors.append(_estimator(metering, open_components))
    return [*sensors, NvmlSensor(nvml)]


def open_samplers(nvml: Any = None) -> list[Sampled]:
    return [CpuSamples(), GpuSamples(nvml)]


def survey(metering: MeteringBlock, powercap: Path = POWERCAP, nvml: Any = None) -> list[SensorReport]:
    """Every provider, tried in the order in which they are taken. Never raises, and starts no CodeCarbon."""
    return [
        *try_sensor("rapl", RaplSensor(powercap), PROCESSOR),
        *try_sensor("zeusd", ZeusdSensor(), PROCESSOR),
        *_codecarbon(),
        *_tdp(metering),
        *try_sensor("nvml", NvmlSensor(nvml), frozenset({"gpu"})),
    ]


def _codecarbon() -> list[SensorReport]:
    details = {"cpu": "a load model of the thermal design power", "ram": "a flat 5 W per module"}
    if importlib.util.find_spec("codecarbon") is None:
        remedy = "pip install codecarbon"
        return [
            SensorReport(name, "codecarbon", "missing", "not installed", remedy, None) for name in details
        ]
    resolution_s = CodeCarbonSensor.resolution_s
    return [
        SensorReport(name, "codecarbon", "estimated", detail, None, resolution_s)
        for name, detail in details.items()
    ]


def _tdp(metering: MeteringBlock) -> list[SensorReport]:
    if metering.cpu_tdp_w is None:
        remedy = "optional: set energy.metering.cpu_tdp_w and cpu_estimator tdp"
        detail = "no thermal design power is given"
        return [SensorReport(name, "tdp", "missing", detail, remedy, None) for name in ("cpu", "ram")]
    details = {
        "cpu": f"thermal design power of {metering.cpu_tdp_w:g} W x load",
        "ram": f"a flat {RAM_W_PER_GIB} W per GiB",
    }
    return [
        SensorReport(name, "tdp", "estimated", detail, None, TdpSensor.resolution_s)
        for name, detail in details.items()
    ]


def _works(sensor: Sensor) -> frozenset[str]:
    """Components that a sensor can read here."""
    sensor.start()
    try:
        return frozenset(name for name, part in sensor.read().items() if part.kwh is not None)
    finally:
        sensor.stop()


def _estimator(metering: MeteringBlock, components: frozenset[str]) -> Sensor:
    if metering.cpu_estimator == "tdp" and metering.cpu_tdp_w is not None:
        return TdpSensor(metering.cpu_tdp_w, components)
    return CodeCarbonSensor(components)
