"""Idle power of the machine: measured before a job, and kept per host with its age."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.energy.reading import JOULES_PER_KWH, Component, Reading, above_idle_kwh, worst_status
from wattshed.energy.sensors.processor.cpu_load import CpuLoad
from wattshed.foundation.recovery.processes import boot_id
from wattshed.foundation.vocabulary import Status
from wattshed.foundation.writing import write_json

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

# If a larger share of all cores is in use, the machine is not idle.
BUSY_SHARE = 0.1
# The idle span is at least this many resolutions of the slowest sensor: a shorter one makes the power
# uncertain.
RESOLUTIONS = 10
READ_EVERY_S = 20.0
# How many times per resolution a counter is polled for its next step, and for how many resolutions at most.
POLLS_PER_STEP = 20
STEP_PATIENCE = 3


@dataclass(frozen=True)
class IdlePower:
    """Mean idle power [W] per component, with its status and source, and when and how long it was measured."""

    power_w: dict[str, float]
    status: dict[str, Status]
    source: dict[str, str]
    measured_utc: str
    duration_s: float
    busy_share: float | None

    def age_s(self, now: datetime | None = None) -> float:
        return ((now or datetime.now(UTC)) - datetime.fromisoformat(self.measured_utc)).total_seconds()

    def net(self, gross: Reading, duration_s: float) -> Reading:
        """Gross energy less idle power times duration; missing if either is unknown or their sources differ."""
        return Reading({name: self._net(name, part, duration_s) for name, part in gross.components.items()})

    def _net(self, name: str, gross: Component, duration_s: float) -> Component:
        if gross.kwh is None:
            return gross
        kwh = above_idle_kwh(
            gross.kwh, gross.source, self.power_w.get(name), self.source.get(name), duration_s
        )
        if kwh is None:
            return Component.missing(f"no idle power from {gross.source}")
        return Component(
            kwh, worst_status((gross.status, self.status[name])), f"{gross.source}, less idle power"
        )

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "age_s": self.age_s()}


def find_idle_power(
    sensors: Sequence[Sensor], folder: Path | None, metering: MeteringBlock
) -> tuple[IdlePower | None, str | None]:
    """The host's idle power, or None and the reason why it is unknown.

    A kept value is used if it is recent enough and from the same sensors. Otherwise it is measured now and kept in
    a file of ``folder`` that is named by the boot, unless ``metering.idle_s`` is 0. If that folder cannot be
    written, the next job measures again.
    """
    kept = kept_idle_power(folder, metering.idle_max_age_h * 3600)
    sources = {n: c.source for s in sensors for n, c in s.read().items() if c.kwh is not None}
    if kept is not None and kept.source == sources:
        return kept, None
    if metering.idle_s == 0:
        return None, "metering.idle_s is 0"
    if not sources:
        return None, "no sensor reads an energy"
    found = measure_idle_power(sensors, metering.idle_s)
    if found.busy_share is not None and found.busy_share > BUSY_SHARE:
        busy = f"{found.busy_share:.0%} of the processor was in use when the idle power was to be measured"
        return None, busy
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(_file(folder), asdict(found))
        except OSError:
            pass  # this job has its value; the next one measures again
    return found, None


def measure_idle_power(
    sensors: Sequence[Sensor],
    duration_s: float,
    *,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
    busy: Callable[[], float | None] | None = None,
) -> IdlePower:
    """Mean power of each component over at least ``duration_s`` of sleep. Sensors must have been started."""
    duration_s = max(duration_s, RESOLUTIONS * max(sensor.resolution_s for sensor in sensors))
    busy_share = busy or CpuLoad().since_last
    start_s, before = clock(), _at_steps(sensors, clock, sleep)
    while (left_s := start_s + duration_s - clock()) > 0:
        # Counters with a small range must be read before they overflow twice.
        sleep(min(left_s, READ_EVERY_S))
        _read(sensors)
    after, end_s = _at_steps(sensors, clock, sleep), clock()
    power_w = {}
    known = {name: part for name, (_, part) in after.items() if part.kwh is not None and name in before}
    for name, part in known.items():
        first_s, first = before[name]
        power_w[name] = ((part.kwh or 0.0) - (first.kwh or 0.0)) * JOULES_PER_KWH / (after[name][0] - first_s)
    return IdlePower(
        power_w=power_w,
        status={name: part.status for name, part in known.items()},
        source={name: part.source for name, part in known.items()},
        measured_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=end_s - start_s,
        busy_share=busy_share(),
    )


def _at_steps(
    sensors: Sequence[Sensor], clock: Callable[[], float], sleep: Callable[[float], None]
) -> dict[str, tuple[float, Component]]:
    """Each known component with the time at which its counter last moved.

    A counter that steps every 100 ms is up to one step behind. Over a few seconds that is an error of some percent, and
    a larger one of the net energy. Idle power is steady, so it can be measured from step to step. Estimates have no
    steps. A counter that has not moved for three resolutions is taken as it is.
    """
    found: dict[str, tuple[float, Component]] = {}
    for sensor in sensors:
        last = _read([sensor]).components
        at_s = clock()
        waiting = {name for name, part in last.items() if part.status == Status.MEASURED}
        until_s = at_s + STEP_PATIENCE * sensor.resolution_s
        found |= {name: (at_s, part) for name, part in last.items() if part.kwh is not None}
        while waiting and clock() < until_s:
            sleep(sensor.resolution_s / POLLS_PER_STEP)
            at_s, now = clock(), _read([sensor]).components
            for name in [name for name in waiting if now[name].kwh not in (None, last[name].kwh)]:
                found[name] = (at_s, now[name])
                waiting.discard(name)
    return found


def _read(sensors: Sequence[Sensor]) -> Reading:
    return Reading({name: part for sensor in sensors for name, part in sensor.read().items()})


def _file(folder: Path) -> Path:
    """By the boot of the machine: containers have names of their own, and machines that share a home the same name."""
    return folder / f"{boot_id()}.json"


def kept_idle_power(folder: Path | None, max_age_s: float) -> IdlePower | None:
    """This host's kept idle power if it is recent enough, else None; a damaged file counts as none."""
    if folder is None:
        return None
    try:
        kept = IdlePower(**json.loads(_file(folder).read_text(encoding="utf-8")))
        fresh = 0 <= kept.age_s() <= max_age_s
    except (OSError, ValueError, TypeError):
        return None
    return kept if fresh else None
