"""The meter: windows of a job, each written to the ledger with its energy."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshed.config.energy import EnergyBlock
from wattshed.energy.carbon import Intensity
from wattshed.energy.ledger import SCHEMA, Ledger
from wattshed.energy.reading import Reading
from wattshed.energy.sensors import CodeCarbonSensor, NvmlSensor, Sensor
from wattshed.foundation.provenance import describe_commit, describe_machine, describe_versions


@dataclass
class Window:
    """One measured span of work. ``duration_s`` and ``energy`` are per repeat, once the window is closed."""

    repeats: int = 1
    values: dict[str, float | None] = field(default_factory=dict)
    duration_s: float = 0.0
    energy: Reading = field(default_factory=lambda: Reading({}))


class Meter:
    """Reads all sensors at the edges of windows. Windows may follow or enclose one another."""

    def __init__(
        self,
        ledger: Ledger,
        sensors: list[Sensor],
        minimum_window_s: float,
        synchronise: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._sensors = sensors
        self._synchronise = synchronise
        self.minimum_window_s = minimum_window_s
        self.origin_s = time.perf_counter()

    def read(self) -> Reading:
        """Cumulative energy of the job so far, after the accelerator has finished what it was given."""
        self._synchronise()
        components = {}
        for sensor in self._sensors:
            components.update(sensor.read())
        return Reading(components)

    @contextmanager
    def window(self, name: str, **labels: Any) -> Iterator[Window]:
        """Measure the block; on success one ``window`` event with its energy goes to the ledger.

        Set ``window.repeats`` in the block if it did the same work several times; the ledger has the total,
        the window afterwards the share of one repeat.
        """
        window = Window()
        before = self.read()
        start_s = time.perf_counter()
        yield window
        self._synchronise()
        end_s = time.perf_counter()
        after = self.read()
        total = after.since(before)
        self._ledger.append(
            "window",
            name=name,
            labels=labels,
            repeats=window.repeats,
            start_s=start_s - self.origin_s,
            end_s=end_s - self.origin_s,
            duration_s=end_s - start_s,
            energy=total.to_json(),
            values=window.values,
        )
        window.duration_s = (end_s - start_s) / window.repeats
        window.energy = total.divided(window.repeats)

    def repeat(
        self,
        name: str,
        work: Callable[[], Any],
        values: Mapping[str, float | None] | None = None,
        **labels: Any,
    ) -> Window:
        """Measure ``work`` after one warm-up call, repeated until the minimum window is reached."""
        work()
        with self.window(name, **labels) as window:
            start_s = time.perf_counter()
            window.repeats = 0
            window.values.update(values or {})
            while window.repeats == 0 or time.perf_counter() - start_s < self.minimum_window_s:
                work()
                window.repeats += 1
        return window


@contextmanager
def metered_job(
    ledger_path: Path,
    *,
    stage: str,
    job: str,
    labels: dict[str, Any],
    energy: EnergyBlock,
    resumes: bool = False,
    synchronise: Callable[[], None] = lambda: None,
) -> Iterator[Meter]:
    """A job under measurement: ledger ``ledger_path``, CodeCarbon's CSV beside it.

    ``resumes`` says that this attempt continues an interrupted one, whose energy then belongs to the job.
    """
    codecarbon = CodeCarbonSensor(energy, ledger_path.with_suffix(".codecarbon.csv"))
    sensors: list[Sensor] = [codecarbon, NvmlSensor()]
    ledger = Ledger(ledger_path, resumes=resumes)
    ledger.append(
        "start",
        schema=SCHEMA,
        job=job,
        stage=stage,
        labels=labels,
        started_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        machine=describe_machine(),
        versions=describe_versions(),
        commit=describe_commit(),
        location={"country_iso": energy.country_iso, "region": energy.region},
    )
    try:
        for sensor in sensors:
            sensor.start()
        meter = Meter(ledger, sensors, energy.minimum_window_s, synchronise)
        first = meter.read()
        yield meter
        total = meter.read().since(first)
        duration_s = time.perf_counter() - meter.origin_s
    except BaseException:
        ledger.abandon()
        raise
    finally:
        for sensor in sensors:
            sensor.stop()
    write_end(ledger, total, duration_s, codecarbon.intensity())
    ledger.finish()


def write_end(ledger: Ledger, total: Reading, duration_s: float, intensity: Intensity) -> None:
    """The job's totals: energy in kWh, and its mass in kg by the named factor."""
    ledger.append(
        "end",
        ended_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        duration_s=duration_s,
        energy=total.to_json(),
        co2e_kg=intensity.co2e_kg(total.kwh),
        intensity_kg_per_kwh=intensity.kg_per_kwh,
        intensity_source=intensity.source,
    )
