"""CPU and RAM as CodeCarbon estimates them."""

import logging
import time
from typing import Any

from wattshed.energy.reading import Component, Status

BOTH = frozenset({"cpu", "ram"})
# CodeCarbon's own measuring thread would take the load away from our readings: it must never come round.
NEVER_S = 10**9


class CodeCarbonSensor:
    """CodeCarbon's models of CPU and RAM, asked for energy whenever the meter reads.

    Only energies are taken from it. Its durations are those of its last task, its tasks cannot nest, and its
    kilograms stand on a place that it may have guessed, so no file of it is kept.

    components: which of ``cpu`` and ``ram`` to report, where a counter gives the other.
    """

    # A machine's load over less than this comes from a handful of 10 ms clock ticks.
    resolution_s = 0.1

    def __init__(self, components: frozenset[str] = BOTH) -> None:
        self._components = sorted(components)
        self._tracker: Any = None
        self._models: dict[str, Any] = {}
        self._kwh: dict[str, float] = {}
        self._read_at_s: dict[str, float] = {}

    def start(self) -> None:
        from codecarbon import OfflineEmissionsTracker

        # It speaks before it has read its own log_level.
        logging.getLogger("codecarbon").setLevel(logging.ERROR)
        self._tracker = OfflineEmissionsTracker(
            country_iso_code="USA",  # it insists on one; no kilogram is taken from it
            output_methods=[],
            tracking_mode="machine",
            measure_power_secs=NEVER_S,
            allow_multiple_runs=True,
            pue=1.0,
            log_level="error",
        )
        self._tracker.start()
        # CodeCarbon has no public field for its hardware; a test holds this to the pinned version.
        for model in self._tracker._hardware:
            component = type(model).__name__.lower()
            if component in self._components:
                model.measure_power_and_energy(last_duration=0.0)
                self._models[component] = model
                self._kwh[component] = 0.0
                self._read_at_s[component] = time.perf_counter()

    def read(self) -> dict[str, Component]:
        return {name: self._component(name) for name in self._components}

    def _component(self, name: str) -> Component:
        model = self._models.get(name)
        if model is None:
            reason = "not started" if self._tracker is None else f"no model of the {name}"
            return Component(None, "missing", f"codecarbon: {reason}")
        now_s = time.perf_counter()
        _, energy = model.measure_power_and_energy(last_duration=now_s - self._read_at_s[name])
        self._read_at_s[name] = now_s
        self._kwh[name] += energy.kWh
        if name == "ram":
            return Component(self._kwh[name], "estimated", "codecarbon 5 W per module")
        status: Status = "measured" if "rapl" in model._mode else "estimated"
        return Component(self._kwh[name], status, f"codecarbon {model._mode}")

    def stop(self) -> None:
        tracker, self._tracker, self._models = self._tracker, None, {}
        if tracker is not None:
            tracker.stop()
