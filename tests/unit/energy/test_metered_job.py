"""Complete metered jobs on the sensors of this machine, finished and killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import datetime
from pathlib import Path

import pytest

from wattshed.config.energy.budget import BudgetBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.budget.budget import VARIABLE, Budget
from wattshed.energy.host import Host
from wattshed.energy.metered_job import metered_job
from wattshed.energy.reading import Component
from wattshed.energy.sensors.simulated import ConstantPowers
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status


def events_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def host(tmp_path):
    return Host("ESP", None, tmp_path / "idle", "abc")


def test_a_job_writes_a_complete_ledger(tmp_path, metering, host):
    path = tmp_path / "training/model-1.jsonl"
    labels = {"model": "model", "seed": 1}
    with metered_job(
        path, stage="training", job="train", labels=labels, metering=metering, host=host
    ) as meter:
        with meter.window("epoch", epoch=1) as window:
            time.sleep(0.3)
            window.values["train_loss"] = 0.5
        assert window.duration_s >= 0.3
    start, sensors, epoch, end = events_of(path)
    assert [event["event"] for event in (start, sensors, epoch, end)] == ["start", "sensors", "window", "end"]
    assert start["schema"] == 3
    assert start["location"]["country_iso"] == "ESP"
    assert 0.1 < start["location"]["intensity_kg_per_kwh"] < 0.3, "Spain's yearly mix; 3.94 g is Quebec's"
    assert "ESP" in start["location"]["intensity_source"]
    assert start["machine"]["logical_cores"] >= 1
    assert len(start["environment_sha256"]) == 64
    assert start["config_sha256"] == "abc"
    assert {part["component"] for part in sensors["sensors"]} >= {"cpu", "ram"}
    assert sensors["idle"] is None
    assert sensors["idle_missing"] == "metering.idle_s is 0"
    assert epoch["energy"]["ram"]["kwh"] > 0
    assert epoch["values"] == {"train_loss": 0.5}
    assert end["outcome"] == "finished"
    began, ended = (datetime.fromisoformat(text) for text in (sensors["began_utc"], end["ended_utc"]))
    # Stated to a millisecond, so the clock may seem to go back by one.
    assert (ended - began).total_seconds() >= 0.3 - 0.002
    assert end["duration_s"] >= 0.3
    assert "clock_jump_s" in end
    assert not path.with_name("model-1.jsonl.part").exists()


def test_a_ledger_holds_energies_and_no_masses(tmp_path, metering, host):
    """CodeCarbon's stop() returns kg, which was once stored as kWh. Only energies are taken from it."""
    with metered_job(tmp_path / "a.jsonl", stage="s", job="a", labels={}, metering=metering, host=host):
        time.sleep(0.3)
    end = events_of(tmp_path / "a.jsonl")[-1]
    assert not [name for name in end if "kg" in name or "co2" in name]
    kwh = sum(part["kwh"] for part in end["energy"].values() if part["kwh"] is not None)
    assert 5 < kwh * 3.6e6 / end["duration_s"] < 2000, "mean power must be that of a computer"


def test_an_unknown_place_has_no_factor(tmp_path, metering):
    host = Host(None, None, tmp_path / "idle", None)
    with metered_job(tmp_path / "a.jsonl", stage="s", job="a", labels={}, metering=metering, host=host):
        pass
    location = events_of(tmp_path / "a.jsonl")[0]["location"]
    assert location["intensity_kg_per_kwh"] is None
    assert location["intensity_source"] == "location unknown"


def test_idle_power_is_measured_once_for_two_jobs(tmp_path, host, monkeypatch):
    """On a fake idle machine of known power: other processes must not affect the result."""
    monkeypatch.setattr("wattshed.energy.idle.CpuLoad", QuietProcessor)
    metering = MeteringBlock(idle_s=0.1, minimum_window_s=0.05)
    for name in ("a", "b"):
        with (
            metered_job(
                tmp_path / f"{name}.jsonl",
                stage="s",
                job=name,
                labels={},
                metering=metering,
                host=host,
                sensors=[ConstantPowers({"cpu": 10.0})],
            ) as meter,
            meter.window("work") as window,
        ):
            time.sleep(0.3)
    first, second = (events_of(tmp_path / f"{name}.jsonl")[1] for name in ("a", "b"))
    assert second["idle"]["measured_utc"] == first["idle"]["measured_utc"]
    assert window.net.kwh < window.energy.kwh


class QuietProcessor:
    def since_last(self):
        return 0.0


def test_a_stopped_job_records_the_reason(tmp_path, metering, host):
    with metered_job(
        tmp_path / "a.jsonl", stage="s", job="a", labels={}, metering=metering, host=host
    ) as meter:
        meter.stopped("budget of 1 kWh")
    end = events_of(tmp_path / "a.jsonl")[-1]
    assert (end["outcome"], end["reason"]) == ("stopped", "budget of 1 kWh")


def test_a_job_with_an_unwritable_folder_fails_before_its_work_starts(metering, host):
    ran = []
    with (
        pytest.raises(Fault, match="cannot be written"),
        metered_job(
            Path("/proc/wattshed/a.jsonl"), stage="s", job="a", labels={}, metering=metering, host=host
        ),
    ):
        ran.append(1)
    assert not ran


def test_no_job_starts_after_the_study_budget_is_spent(tmp_path, metering, host, monkeypatch):
    budget = Budget(BudgetBlock(study_kwh=1e-9), None, 1.0, tmp_path)
    monkeypatch.setenv(VARIABLE, budget.to_json())
    job = {"stage": "s", "job": "a", "labels": {}, "metering": metering, "host": host}
    with metered_job(tmp_path / "a.jsonl", **job):
        time.sleep(0.2)
    with (
        pytest.raises(Fault, match=r"budget of 1e-09 kWh is spent"),
        metered_job(tmp_path / "b.jsonl", **job),
    ):
        pass
    assert not (tmp_path / "b.jsonl.part").exists()


PROGRAM = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job
    path, epochs, epoch_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    metering = MeteringBlock(idle_s=0.0, tick_every_s=0.1)
    with metered_job(path, stage="training", job=path.stem, labels={}, metering=metering) as meter:
        for epoch in range(epochs):
            with meter.window("epoch", epoch=epoch):
                time.sleep(epoch_s)
            print(epoch, flush=True)
""")


def start(path, epochs, epoch_s):
    command = [sys.executable, "-c", PROGRAM, str(path), str(epochs), str(epoch_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def test_parallel_jobs_write_one_file_each(tmp_path):
    """Six trackers that stopped at the same time and shared one CSV kept one row of six."""
    paths = [tmp_path / f"job-{index}.jsonl" for index in range(4)]
    jobs = [start(path, 2, 0.2) for path in paths]
    assert [job.wait() for job in jobs] == [0] * 4
    assert all(events_of(path)[-1]["event"] == "end" for path in paths)


def test_sigkill_loses_at_most_the_open_window(tmp_path):
    path = tmp_path / "job.jsonl"
    job = start(path, 1000, 0.15)
    assert job.stdout is not None
    while int(job.stdout.readline()) < 5:
        pass
    job.send_signal(signal.SIGKILL)
    last_said = 5 + len(job.stdout.readlines())
    job.wait()
    assert not path.exists()
    events = events_of(path.with_name("job.jsonl.part"))
    windows = [event for event in events if event["event"] == "window"]
    assert len(windows) >= last_said
    ticks = [event for event in events if event["event"] == "tick"]
    assert ticks


class FailsMidway:
    """A caller's own sensor of 10 W; its readings raise once ``trouble`` is set."""

    resolution_s = 0.01
    trouble = None

    def start(self):
        self.start_s = time.perf_counter()

    def read(self):
        if self.trouble:
            raise self.trouble
        return {"cpu": Component(10 * (time.perf_counter() - self.start_s) / 3.6e6, Status.MEASURED, "known")}

    def stop(self):
        if self.trouble:
            raise RuntimeError("cannot be stopped")


def test_a_callers_sensor_that_fails_during_the_work_is_missing_and_ends_nothing(tmp_path, metering, host):
    path, sensor = tmp_path / "a.jsonl", FailsMidway()
    with metered_job(
        path, stage="s", job="a", labels={}, metering=metering, host=host, sensors=[sensor]
    ) as meter:
        with meter.window("sound"):
            time.sleep(0.05)
        with meter.window("failing"):
            time.sleep(0.05)
            sensor.trouble = OSError(5, "Input/output error")
    events = events_of(path)
    sound, failing = (event["energy"]["cpu"] for event in events if event["event"] == "window")
    assert sound["kwh"] > 0
    assert failing["kwh"] is None
    assert failing["source"] == "FailsMidway: it failed with OSError ([Errno 5] Input/output error)"
    assert events[-1]["energy"]["cpu"]["kwh"] is None
    assert events[-1]["outcome"] == "finished"
