"""A job under measurement, from its first line in the ledger to its last."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from wattshed.devices.description import describe_devices
from wattshed.devices.gpu_processes import GpuUse
from wattshed.energy.budget.budget import Budget
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.host import Host
from wattshed.energy.idle import find_idle_power
from wattshed.energy.ledger.folders import checked_path
from wattshed.energy.ledger.nesting import holding, outer_record
from wattshed.energy.ledger.records import Record, keep_record, records_folder
from wattshed.energy.ledger.scalars import plain_labels
from wattshed.energy.ledger.writing import SCHEMA, Ledger, NeverBegan
from wattshed.energy.meter import Meter, Totals
from wattshed.energy.sampling.sampler import Sampler
from wattshed.energy.sampling.sources import open_samplers
from wattshed.energy.sensors.checked import CheckedSensor
from wattshed.energy.sensors.selection import open_sensors
from wattshed.energy.sensors.stated import constants_of
from wattshed.foundation.provenance import (
    describe_batch_job,
    describe_commit,
    describe_environment,
    describe_machine,
    describe_versions,
)
from wattshed.foundation.vocabulary import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.reading import Reading
    from wattshed.energy.sensors.protocol import Sensor
    from wattshed.energy.share.usage import Usage


@contextmanager
def metered_job(
    ledger_path: Path,
    *,
    stage: str,
    job: str,
    labels: dict[str, Any],
    metering: MeteringBlock,
    resumes: bool = False,
    synchronise: Callable[[], None] = lambda: None,
    host: Host | None = None,
    sensors: Sequence[Sensor] | None = None,
    usage: Usage | None = None,
) -> Iterator[Meter]:
    """Meter a job: its energy goes to ``ledger_path``, also if the job is killed.

    resumes: this attempt continues an interrupted one, whose energy then belongs to the job. host: None takes it from
    the environment. sensors: None takes those of this machine. usage: what counts as the job's own; None takes this
    process and what it starts. Raises :class:`Fault` before anything runs if the
    ledger cannot be written or another live process writes it, if a label is not a scalar, or if the study's budget is
    spent.
    What fails before the block begins leaves no ledger. Once it has begun, nothing about the record ends it. A process
    that is forked in the block writes nothing.
    """
    ledger_path = checked_path(ledger_path)
    labels = plain_labels(labels, f"the job {job}")
    host = host or Host.from_environment()
    budget = Budget.from_environment()
    if budget is not None:
        # Every stage counts towards the study's budget: once it is spent, no job starts.
        budget.limits(ledger_path.with_name(ledger_path.name + ".part"), resumes=resumes)
    if sensors is None:
        sensors = open_sensors(metering)
    else:
        sensors = [CheckedSensor(sensor, type(sensor).__name__) for sensor in sensors]
    records = records_folder(ledger_path, stage)
    ledger = Ledger(ledger_path, resumes=resumes)
    record = Record(ledger.part)
    started = datetime.now(UTC)
    gpu_use: GpuUse | None = None
    try:
        record_id = uuid4().hex
        write_start(ledger, stage, job, labels, host, started, record_id, outer_record())
        record = keep_record(ledger.part, records, record_id)
        for sensor in sensors:
            sensor.start()
        idle, idle_missing = find_idle_power(sensors, host.idle_folder, metering)
        ledger.append(
            "sensors",
            sensors=describe_sensors(sensors),
            idle=None if idle is None else idle.to_json(),
            idle_missing=idle_missing,
            constants={name: found.to_json() for name, found in constants_of(sensors).items()},
            began_utc=(began_utc := datetime.now(UTC)).isoformat(timespec="milliseconds"),
        )
        sampled, gpu_use = open_samplers(), GpuUse()
        began = began_utc, time.perf_counter()
        meter = Meter(
            ledger,
            sensors,
            metering.minimum_window_s,
            synchronise,
            idle=idle,
            idle_missing=idle_missing,
            gpu_use=gpu_use,
            usage=usage,
        )
        with Sampler(meter, sampled, metering.sample_every_s, metering.tick_every_s):
            ledger.work_begins()
            with holding(record_id, meter.own_so_far) as held:
                yield meter
            if not ledger.own:
                return
            meter.totals = totals = meter.since_start()
    except NeverBegan:
        ledger.discard()
        record.close()
        raise
    except BaseException:
        ledger.give_up()
        record.close()
        raise
    finally:
        # A forked process has the sensors too: they are its parent's.
        if ledger.own:
            for sensor in sensors:
                sensor.stop()
            if gpu_use is not None:
                gpu_use.close()
    write_end(
        ledger, totals, began, covered=held.covered, reason=meter.stop_reason, exit_code=meter.exit_code
    )
    record.close()
    ledger.finish()


def write_start(
    ledger: Ledger,
    stage: str,
    job: str,
    labels: dict[str, Any],
    host: Host,
    started: datetime,
    record_id: str,
    outer: str | None = None,
) -> None:
    """The first line of an attempt: job, machine, versions, commit and place.

    record_id: unique to this attempt; outer: that of the job within which it runs, and which counts it too.
    """
    intensity = yearly_intensity(Location(host.country_iso, host.region))
    ledger.append(
        "start",
        schema=SCHEMA,
        record_id=record_id,
        outer_record=outer,
        job=job,
        stage=stage,
        labels=labels,
        started_utc=started.isoformat(timespec="milliseconds"),
        machine={**describe_machine(), **describe_devices()},
        versions=describe_versions(),
        commit=describe_commit(),
        environment_sha256=describe_environment(),
        config_sha256=host.config_sha256,
        batch_job=describe_batch_job(os.environ),
        location={
            "country_iso": host.country_iso,
            "region": host.region,
            "intensity_kg_per_kwh": intensity.kg_per_kwh,
            "intensity_source": intensity.source,
        },
    )


def describe_sensors(sensors: Sequence[Sensor]) -> list[dict[str, Any]]:
    return [
        {"component": name, "status": part.status, "source": part.source, "resolution_s": sensor.resolution_s}
        for sensor in sensors
        for name, part in sensor.read().items()
    ]


def write_end(
    ledger: Ledger,
    totals: Totals,
    began: tuple[datetime, float],
    *,
    covered: Reading | None = None,
    reason: str | None = None,
    exit_code: int | None = None,
) -> None:
    """The job's totals; ``clock_jump_s`` is the wall clock's duration less that of the monotonic clock.

    covered: what of its own energy later jobs of its process count too.
    """
    ended = datetime.now(UTC)
    wall_s = (ended - began[0]).total_seconds()
    ledger.append(
        "end",
        ended_utc=ended.isoformat(timespec="milliseconds"),
        duration_s=totals.duration_s,
        energy=totals.energy.to_json(),
        own=totals.own.to_json(),
        use=totals.use_json(),
        **({} if covered is None else {"covered": covered.kwhs()}),
        clock_jump_s=round(wall_s - (time.perf_counter() - began[1]), 3),
        outcome=Outcome.FAILED if exit_code else Outcome.STOPPED if reason else Outcome.FINISHED,
        reason=reason,
        exit_code=exit_code,
    )
