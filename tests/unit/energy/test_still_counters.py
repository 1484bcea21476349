"""A counter that stands still is never "0 J measured": from the start, in the middle of a job, and in ``doctor``."""

import json
import os
import subprocess
import sys

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from fake_powercap import running, zone
from known_power import HandClock
from made_root import use_root
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.sensors.checked import CheckedSensor
from wattshed.energy.sensors.gpu.nvml import NvmlSensor
from wattshed.energy.sensors.selection import open_sensors, survey
from wattshed.energy.sensors.zeus import ZeusdSensor

TDP = MeteringBlock(cpu_power_w=65.0)


@pytest.fixture
def powercap(tmp_path, monkeypatch):
    monkeypatch.setenv("WATTSHED_POWERCAP", str(tmp_path / "powercap"))
    for name in ("ZEUSD_SOCK_PATH", "ZEUSD_HOST_PORT", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
    use_root(monkeypatch, tmp_path / "root")
    return tmp_path / "powercap"


def statuses(sensors):
    for sensor in sensors:
        sensor.start()
    found = {name: part.status for sensor in sensors for name, part in sensor.read().items()}
    for sensor in sensors:
        sensor.stop()
    return found


@pytest.mark.parametrize("energy_uj", [0, 123_456_789, 0xFFFFFFFF, 2**64 - 1, -1])
def test_the_estimate_is_chosen_where_rapl_stands_still(powercap, energy_uj):
    zone(powercap, "intel-rapl:0", "package-0", energy_uj)
    zone(powercap, "intel-rapl:0:0", "dram", energy_uj)
    assert statuses(open_sensors(TDP)) == {"cpu": "estimated", "ram": "estimated", "gpu": "missing"}


def test_only_the_counter_that_stands_still_is_estimated(powercap):
    zone(powercap, "intel-rapl:0:0", "dram")
    with running(zone(powercap, "intel-rapl:0", "package-0")):
        assert statuses(open_sensors(TDP)) == {"cpu": "measured", "ram": "estimated", "gpu": "missing"}


def test_one_of_two_processors_that_stands_still_makes_both_an_estimate(powercap):
    zone(powercap, "intel-rapl:1", "package-1")
    with running(zone(powercap, "intel-rapl:0", "package-0")):
        assert statuses(open_sensors(TDP))["cpu"] == "estimated"


def test_the_survey_wants_to_see_a_step(powercap):
    energy = zone(powercap, "intel-rapl:0", "package-0")
    report = next(report for report in survey(TDP) if (report.provider, report.component) == ("rapl", "cpu"))
    assert (report.status, report.resolution_s) == ("missing", None)
    assert report.detail.startswith("rapl: the energy counter did not move in 0.1")
    assert report.remedy
    with running(energy):
        report = next(report for report in survey(TDP) if report.component == "cpu")
    assert (report.provider, report.status) == ("rapl", "measured")


def test_a_rapl_that_freezes_while_a_job_runs_is_missing_although_it_moved_since_the_start(powercap):
    """The first reading after the freeze sees another count than the one at the start of the window."""
    energy = zone(powercap, "intel-rapl:0", "package-0")
    with running(energy) as stop:
        sensor = open_sensors(TDP)[0]
        sensor.start()
        first = sensor.read()["cpu"]
        stop.wait(0.3)
        stop.set()
    assert first.status == "measured"
    watched = sensor._watch._thread
    for _ in range(100):
        watched.join(0.1)
        if sensor.read()["cpu"].kwh is None:
            break
    part = sensor.read()["cpu"]
    sensor.stop()
    assert part.kwh is None
    assert "did not move" in part.source


class Zeusd:
    auth_error, can_read_cpu = None, True

    def __init__(self, clock):
        self.clock, self.frozen = clock, set()

    def get_cpu_energy(self):
        from types import SimpleNamespace

        now_uj = round(1e6 * self.clock()) + 1
        return {
            socket: SimpleNamespace(cpu_energy_uj=1 if socket in self.frozen else now_uj, dram_energy_uj=None)
            for socket in (0, 1)
        }


@pytest.mark.parametrize(("frozen", "known"), [(set(), True), ({0, 1}, False), ({1}, False)])
def test_zeusd_must_move_for_every_processor(frozen, known):
    clock = HandClock()
    client = Zeusd(clock)
    client.frozen = frozen
    inside = ZeusdSensor(client, {"ZEUSD_SOCK_PATH": "/run/zeusd.sock"}, clock)
    sensor = CheckedSensor(inside, "zeus", frozenset({"cpu"}), clock, clock.sleep)
    sensor.start()
    assert (sensor.read()["cpu"].kwh is not None) is known
    sensor.stop()


@pytest.mark.parametrize("value", [-1, 1.5, None, float("nan")])
def test_zeusd_that_tells_no_count_is_missing(value):
    class Odd(Zeusd):
        def get_cpu_energy(self):
            found = super().get_cpu_energy()
            found[1].cpu_energy_uj = value
            return found

    sensor = ZeusdSensor(Odd(HandClock()), {"ZEUSD_SOCK_PATH": "/run/zeusd.sock"})
    sensor.start()
    assert sensor.read()["cpu"].kwh is None


def gpu_sensor(*gpus):
    clock = HandClock()
    inside = NvmlSensor(FakeNvml(*gpus), {}, clock)
    sensor = CheckedSensor(inside, "nvml", frozenset({"gpu"}), clock, clock.sleep)
    sensor.start()
    return sensor, clock


def test_a_gpu_whose_counter_stands_still_is_estimated_from_its_power():
    sensor, clock = gpu_sensor(FakeGpu("GPU-a"), FakeGpu("GPU-b", step_mj=1))
    before = sensor.read()
    clock.sleep(0.05)
    after = sensor.read()
    sensor.stop()
    assert (after["gpu0"].status, after["gpu1"].status) == ("estimated", "measured")
    assert after["gpu0"].source == "nvml power sampled every 0.1 s"
    assert (after["gpu0"].kwh - before["gpu0"].kwh) * 3.6e6 == pytest.approx(100 * 0.05)
    assert sensor.resolution_s == 1.0, "sampled power needs longer windows"


@pytest.mark.parametrize("power_w", [0.0, -3.0, 0xFFFFFFFF / 1000])
def test_a_gpu_without_moving_counter_and_with_an_impossible_power_is_missing(power_w):
    gpu = FakeGpu()
    gpu.power_w = power_w
    sensor, _ = gpu_sensor(gpu)
    part = sensor.read()["gpu0"]
    sensor.stop()
    assert part.kwh is None
    assert (
        "neither energy counter nor power (the energy counter did not move in 1 s; nvml: the power"
        in part.source
    )


@pytest.mark.parametrize("answer", [None, float("nan"), "N/A", -5, 2**64 - 1])
def test_a_gpu_counter_that_answers_without_a_count_is_missing_for_that_reading(answer):
    gpu = FakeGpu(step_mj=1)
    nvml = FakeNvml(gpu)
    sensor = NvmlSensor(nvml, {})
    sensor.start()
    ask = nvml.nvmlDeviceGetTotalEnergyConsumption
    # The sensor holds the call that it found at its start.
    sensor._counters["gpu0"]._ask = lambda: answer
    assert "which is not a count" in sensor.read()["gpu0"].source
    sensor._counters["gpu0"]._ask = lambda: ask(gpu)
    assert sensor.read()["gpu0"].kwh is not None


def test_a_power_that_falls_to_zero_in_a_job_is_a_gap_and_not_an_energy():
    clock, gpu = HandClock(), FakeGpu(nvmlDeviceGetTotalEnergyConsumption=pynvml.NVML_ERROR_NOT_SUPPORTED)
    sensor = NvmlSensor(FakeNvml(gpu), {}, clock)
    sensor.start()
    gpu.power_w = 0.0
    clock.sleep(3.0)
    part = sensor.read()["gpu0"]
    assert part.source == "nvml: the power reads 0.0 W, which no working card draws"
    gpu.power_w = 100.0
    assert "could not be read for 3.0 s" in sensor.read()["gpu0"].source
    sensor.stop()


def command(powercap, *words):
    environment = {
        **os.environ,
        "WATTSHED_POWERCAP": str(powercap),
        "XDG_CACHE_HOME": str(powercap.parent / "cache"),
    }
    return subprocess.run(
        [sys.executable, "-m", "wattshed.commands", *words],
        cwd=powercap.parent,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_doctor_never_calls_a_still_counter_measured(powercap):
    zone(powercap, "intel-rapl:0", "package-0")
    reports = json.loads(command(powercap, "doctor", "--json").stdout)["sensors"]
    (report,) = [r for r in reports if (r["provider"], r["component"]) == ("rapl", "cpu")]
    assert report["status"] == "missing"
    assert "did not move" in report["detail"]


def test_a_measured_command_on_a_still_counter_has_an_estimate_and_no_zero(powercap):
    zone(powercap, "intel-rapl:0", "package-0")
    done = command(powercap, "measure", "--idle-s", "0", "--", "sleep", "0.3")
    assert done.returncode == 0
    (ledger,) = (powercap.parent / "ledgers").iterdir()
    end = json.loads(ledger.read_text().splitlines()[-1])
    assert end["energy"]["cpu"]["status"] == "estimated"
    assert end["energy"]["cpu"]["kwh"] > 0


def test_a_measured_command_on_a_running_counter_is_measured(powercap):
    with running(zone(powercap, "intel-rapl:0", "package-0")):
        done = command(powercap, "measure", "--idle-s", "0", "--", "sleep", "0.3")
    assert done.returncode == 0
    (ledger,) = (powercap.parent / "ledgers").iterdir()
    end = json.loads(ledger.read_text().splitlines()[-1])
    assert (end["energy"]["cpu"]["status"], end["energy"]["cpu"]["source"]) == ("measured", "rapl package")
    assert end["energy"]["cpu"]["kwh"] > 0
