"""CPU and RAM as CodeCarbon estimates them."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.energy.host import Host
from wattshed.energy.reading import PROCESSOR, Component
from wattshed.energy.sensors import codecarbon_setup
from wattshed.energy.sensors.provider import Provider, SensorReport
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

# CodeCarbon's own measuring thread would take the load away from our readings, so it must never measure.
NEVER_S = 10**9


class CodeCarbonSensor:
    """CodeCarbon's models of CPU and RAM, read whenever the meter reads.

    Only energies are taken from it. Its durations are those of its last task, its tasks cannot nest, and its
    kilograms belong to a place that it may have guessed, so no file of it is kept.

    components: which of ``cpu`` and ``ram`` to report, where a counter gives the other. folder: where the host's
    hardware is described for the next job; None takes the folder of the idle power.
    """

    # Over a shorter time, the load is computed from only a few clock ticks of 10 ms.
    resolution_s = 0.1

    def __init__(
        self,
        components: frozenset[str] = frozenset(PROCESSOR),
        folder: Path | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._components = sorted(components)
        self._folder = folder
        self._clock = clock
        self._tracker: Any = None
        self._models: dict[str, Any] = {}
        self._kwh: dict[str, float] = {}
        self._read_at_s: dict[str, float] = {}

    def start(self) -> None:
        # Where AMD's library is installed without its driver, CodeCarbon's import prints a complaint to the standard
        # output, which belongs to the measured command.
        with contextlib.redirect_stdout(None):
            from codecarbon import OfflineEmissionsTracker

        # CodeCarbon logs before it has read its own log_level.
        logging.getLogger("codecarbon").setLevel(logging.ERROR)
        self._tracker = OfflineEmissionsTracker(
            country_iso_code="USA",  # required; no kilogram is taken from it
            output_methods=[],
            tracking_mode="machine",
            measure_power_secs=NEVER_S,
            allow_multiple_runs=True,
            pue=1.0,
            log_level="error",
        )
        folder = self._folder or Host.from_environment().idle_folder
        kept = codecarbon_setup.prepare(self._tracker, folder)
        self._tracker.start()
        if not kept:
            codecarbon_setup.keep(self._tracker, folder)
        # CodeCarbon has no public field for its hardware; a test holds this to the pinned version.
        for model in self._tracker._hardware:
            component = type(model).__name__.lower()
            if component in self._components:
                model.measure_power_and_energy(last_duration=0.0)
                self._models[component] = model
                self._kwh[component] = 0.0
                self._read_at_s[component] = self._clock()

    def read(self) -> dict[str, Component]:
        return {name: self._component(name) for name in self._components}

    def _component(self, name: str) -> Component:
        model = self._models.get(name)
        if model is None:
            reason = "not started" if self._tracker is None else f"no model of the {name}"
            return Component.missing(f"codecarbon: {reason}")
        now_s = self._clock()
        _, energy = model.measure_power_and_energy(last_duration=now_s - self._read_at_s[name])
        self._read_at_s[name] = now_s
        self._kwh[name] += energy.kWh
        if name == "ram":
            return Component(self._kwh[name], Status.ESTIMATED, "codecarbon 5 W per module")
        status = Status.MEASURED if "rapl" in model._mode else Status.ESTIMATED
        return Component(self._kwh[name], status, f"codecarbon {model._mode}")

    def stop(self) -> None:
        tracker, self._tracker, self._models = self._tracker, None, {}
        if tracker is None:
            return
        # CodeCarbon's stop() computes kilograms, for which it imports pandas and requests: 0.3 s that are not
        # needed.
        for scheduler in (tracker._scheduler, tracker._scheduler_monitor_power):
            scheduler.stop()


class CodeCarbonProvider(Provider):
    """Chosen if no counter reads CPU or memory, unless the study names another estimator."""

    components = frozenset(PROCESSOR)
    preference = 50
    tried = False

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        return CodeCarbonSensor(components) if metering.cpu_estimator == "codecarbon" else None

    def survey(self, name: str, metering: MeteringBlock) -> list[SensorReport]:
        """Without starting it, which takes seconds."""
        if importlib.util.find_spec("codecarbon") is None:
            missing = Status.MISSING, "not installed", "pip install codecarbon", None
            return [SensorReport(component, name, *missing) for component in PROCESSOR]
        details = {"cpu": "a load model of the thermal design power", "ram": "a flat 5 W per module"}
        return [
            SensorReport(component, name, Status.ESTIMATED, detail, None, CodeCarbonSensor.resolution_s)
            for component, detail in details.items()
        ]


SENSOR = CodeCarbonProvider()
