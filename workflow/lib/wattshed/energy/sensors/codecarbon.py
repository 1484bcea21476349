"""CPU and RAM as CodeCarbon estimates them."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.devices.absence import Absence
from wattshed.energy.constants import CORE_W, GIB_W, Constant
from wattshed.energy.host import Host
from wattshed.energy.reading import PROCESSOR, Component
from wattshed.energy.sensors import codecarbon_setup
from wattshed.energy.sensors.provider import Provider, SensorReport
from wattshed.foundation.faults import one_line
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
        self.absences: dict[str, Absence] = {}
        self.constants: dict[str, Constant] = {}
        self._tracker: Any = None
        self._models: dict[str, Any] = {}
        self._kwh: dict[str, float] = {}
        self._read_at_s: dict[str, float] = {}

    def start(self) -> None:
        """Never raises: what CodeCarbon cannot do leaves the components missing, with the reason."""
        self.absences, self.constants = {}, {}
        try:
            with _without_its_settings():
                self._start()
        except Exception as error:
            self.stop()
            reason = Absence(f"codecarbon: it failed with {type(error).__name__} ({one_line(error)})")
            self.absences = dict.fromkeys(self._components, reason)

    def _start(self) -> None:
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
        self.constants = self._stated()

    def _stated(self) -> dict[str, Constant]:
        """The constants of its models; a counter has none."""
        found: dict[str, Constant] = {}
        cpu, ram = self._models.get("cpu"), self._models.get("ram")
        if cpu is not None and "rapl" not in cpu._mode:
            cores = os.cpu_count() or 1
            source = f"codecarbon's {cpu._tdp:g} W for {cores} logical cores"
            found[CORE_W] = Constant(cpu._tdp / cores, "W per busy logical core", source)
        if ram is not None:
            import psutil

            ram_w = ram.total_power().W
            gib = psutil.virtual_memory().total / 2**30
            found[GIB_W] = Constant(
                ram_w / gib, "W per GiB of memory", f"codecarbon's {ram_w:g} W for {gib:.1f} GiB"
            )
        return found

    def read(self) -> dict[str, Component]:
        return {name: self._component(name) for name in self._components}

    def _component(self, name: str) -> Component:
        if name in self.absences:
            return Component.missing(self.absences[name])
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


@contextlib.contextmanager
def _without_its_settings() -> Iterator[None]:
    """CodeCarbon's configuration files and variables are for its own trackers: they change no estimate here."""
    hidden = {name: value for name, value in os.environ.items() if name.lower().startswith("codecarbon_")}
    for name in hidden:
        del os.environ[name]
    try:
        with _own_settings():
            yield
    finally:
        os.environ.update(hidden)


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    with contextlib.redirect_stdout(None):
        from codecarbon import emissions_tracker
    read_settings = emissions_tracker.get_hierarchical_config
    emissions_tracker.get_hierarchical_config = dict
    try:
        yield
    finally:
        emissions_tracker.get_hierarchical_config = read_settings


class CodeCarbonProvider(Provider):
    """Chosen if no counter reads CPU or memory and the study names it."""

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
