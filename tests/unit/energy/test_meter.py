"""The meter on real sensors: CodeCarbon's offline tracker runs in these tests."""

import json
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from wattshed.config.energy import EnergyBlock
from wattshed.energy.ledger import Ledger
from wattshed.energy.meter import Meter, metered_job
from wattshed.energy.reading import Component
from wattshed.energy.sensors import NvmlSensor


class ConstantPower:
    """A sensor whose truth is known: 3.6 kW, so that a second is 0.001 kWh."""

    def start(self):
        self._start = time.perf_counter()

    def read(self):
        return {"cpu": Component((time.perf_counter() - self._start) * 1e-3, "measured", "known")}

    def stop(self):
        pass


def events_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def meter(tmp_path):
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    sensor = ConstantPower()
    sensor.start()
    return Meter(ledger, [sensor], minimum_window_s=0.05)


def test_a_job_leaves_a_whole_ledger_and_codecarbons_own_file(tmp_path, energy):
    path = tmp_path / "training/model-1.jsonl"
    labels = {"model": "model", "seed": 1}
    with metered_job(path, stage="training", job="train", labels=labels, energy=energy) as meter:
        with meter.window("epoch", epoch=1) as window:
            time.sleep(0.3)
            window.values["train_loss"] = 0.5
        assert window.duration_s == pytest.approx(0.3, abs=0.1)
    start, epoch, end = events_of(path)
    assert (start["event"], epoch["event"], end["event"]) == ("start", "window", "end")
    assert start["location"]["country_iso"] == "ESP"
    assert start["machine"]["logical_cores"] >= 1
    assert epoch["energy"]["ram"]["status"] == "estimated"
    assert epoch["energy"]["ram"]["kwh"] > 0
    assert epoch["values"] == {"train_loss": 0.5}
    assert path.with_suffix(".codecarbon.csv").is_file()
    assert not path.with_name("model-1.jsonl.part").exists()


def test_kilograms_are_never_stored_as_kilowatt_hours(tmp_path, energy):
    """A7.8: CodeCarbon's stop() returns kg. The ledger's kg must be its own kWh times the named factor."""
    with metered_job(tmp_path / "a.jsonl", stage="training", job="a", labels={}, energy=energy):
        time.sleep(0.3)
    end = events_of(tmp_path / "a.jsonl")[-1]
    kwh = sum(part["kwh"] for part in end["energy"].values() if part["kwh"] is not None)
    assert end["co2e_kg"] == pytest.approx(kwh * end["intensity_kg_per_kwh"])
    assert 0.1 < end["intensity_kg_per_kwh"] < 0.3, "Spain's yearly mix; 3.94 g would be Quebec's"
    assert "ESP" in end["intensity_source"]
    # Power must be that of a computer: mean power x time = energy.
    assert 5 < kwh * 3.6e6 / end["duration_s"] < 2000


def test_parallel_jobs_keep_a_file_each(tmp_path, energy):
    """Six trackers that stop together into one CSV kept one row of six."""
    code = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from wattshed.config.energy import EnergyBlock
        from wattshed.energy.meter import metered_job
        path = Path(sys.argv[1])
        energy = EnergyBlock(country_iso="ESP")
        with metered_job(path, stage="training", job=path.stem, labels={}, energy=energy):
            time.sleep(0.2)
    """)
    paths = [tmp_path / f"job-{index}.jsonl" for index in range(4)]
    jobs = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for path in paths]
    assert [job.wait() for job in jobs] == [0] * 4
    assert all(events_of(path)[-1]["event"] == "end" for path in paths)
    assert all(path.with_suffix(".codecarbon.csv").is_file() for path in paths)


def test_sigkill_loses_at_most_the_open_window(tmp_path):
    code = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from wattshed.config.energy import EnergyBlock
        from wattshed.energy.meter import metered_job
        energy = EnergyBlock(country_iso="ESP")
        with metered_job(Path(sys.argv[1]), stage="training", job="j", labels={}, energy=energy) as meter:
            for epoch in range(1000):
                with meter.window("epoch", epoch=epoch):
                    time.sleep(0.02)
                print(epoch, flush=True)
    """)
    path = tmp_path / "job.jsonl"
    job = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    while int(job.stdout.readline()) < 5:
        pass
    job.send_signal(signal.SIGKILL)
    last_said = 5 + len(job.stdout.readlines())
    job.wait()
    assert not path.exists()
    windows = [event for event in events_of(path.with_name("job.jsonl.part")) if event["event"] == "window"]
    assert len(windows) >= last_said


def test_a_resumed_job_keeps_the_energy_of_the_killed_attempt(tmp_path):
    first = Ledger(tmp_path / "job.jsonl", resumes=False)
    first.append("start", job="j")
    first.append("window", name="epoch")
    first.abandon()
    with (tmp_path / "job.jsonl.part").open("a") as torn:
        torn.write('{"event": "win')
    second = Ledger(tmp_path / "job.jsonl", resumes=True)
    second.append("start", job="j")
    second.finish()
    lines = (tmp_path / "job.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in (lines[0], lines[1], lines[3])] == [
        "start",
        "window",
        "start",
    ]


def test_an_attempt_that_nobody_resumes_is_set_aside_not_lost(tmp_path):
    first = Ledger(tmp_path / "job.jsonl", resumes=False)
    first.append("start", job="old")
    first.abandon()
    second = Ledger(tmp_path / "job.jsonl", resumes=False)
    second.append("start", job="new")
    second.finish()
    assert [event["job"] for event in events_of(tmp_path / "job.jsonl")] == ["new"]
    assert [event["job"] for event in events_of(tmp_path / "job.abandoned-1.jsonl")] == ["old"]


def test_short_work_is_repeated_and_divided(meter, tmp_path):
    window = meter.repeat("fit", lambda: time.sleep(0.004), model="ridge")
    assert window.repeats >= 8
    assert window.duration_s == pytest.approx(0.0043, rel=0.3)
    assert window.energy.kwh == pytest.approx(window.duration_s * 1e-3, rel=0.05)
    written = events_of(tmp_path / "job.jsonl.part")[-1]
    assert written["repeats"] == window.repeats
    assert written["energy"]["cpu"]["kwh"] == pytest.approx(window.energy.kwh * window.repeats)


def test_windows_enclose_one_another(meter):
    with meter.window("run") as outer:
        with meter.window("epoch", epoch=1) as first:
            time.sleep(0.05)
        with meter.window("epoch", epoch=2) as second:
            time.sleep(0.05)
    inside = first.energy.kwh + second.energy.kwh
    assert inside <= outer.energy.kwh
    assert inside == pytest.approx(outer.energy.kwh, rel=0.1)


def test_a_failed_window_is_not_recorded(meter, tmp_path):
    with pytest.raises(RuntimeError), meter.window("epoch"):
        raise RuntimeError
    assert (tmp_path / "job.jsonl.part").read_text() == ""


def test_no_gpu_is_missing_with_the_reason():
    sensor = NvmlSensor()
    sensor.start()
    gpu = sensor.read()["gpu"]
    if gpu.status == "measured":
        pytest.skip("this machine has a GPU with an energy counter")
    assert gpu.kwh is None
    assert gpu.source.startswith("nvml: ")


class FakeNvml:
    """NVML as nvidia-ml-py presents it, with two GPUs and a counter in millijoules."""

    class NVMLError(Exception):
        pass

    def __init__(self, counters_mj):
        self.counters_mj = counters_mj
        self.fails = False

    def nvmlInit(self): ...

    def nvmlShutdown(self): ...

    def nvmlDeviceGetCount(self):
        return len(self.counters_mj)

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        if self.fails:
            raise self.NVMLError("Not Supported")
        return self.counters_mj[handle]


def test_gpu_counters_are_summed_from_the_start_in_kwh():
    nvml = FakeNvml([1_000_000, 2_000_000])
    sensor = NvmlSensor(nvml)
    sensor.start()
    nvml.counters_mj = [1_000_000 + 3_600_000, 2_000_000 + 7_200_000]
    gpu = sensor.read()["gpu"]
    assert gpu.status == "measured"
    assert gpu.kwh == pytest.approx(0.003)
    nvml.fails = True
    assert sensor.read()["gpu"].status == "missing"


def test_a_gpu_without_a_counter_is_missing_not_zero():
    nvml = FakeNvml([0])
    nvml.fails = True
    sensor = NvmlSensor(nvml)
    sensor.start()
    assert sensor.read()["gpu"] == Component(None, "missing", "nvml: Not Supported")


@pytest.mark.parametrize("code", ["ZZZ", "Spain", "es", ""])
def test_an_unknown_country_is_refused_before_anything_runs(code):
    with pytest.raises(ValueError, match="ISO 3166 alpha-3"):
        EnergyBlock(country_iso=code)
