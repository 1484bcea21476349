"""Which sensors a machine offers: one provider for each component."""

import subprocess
import sys

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from fake_powercap import running, zone
from made_root import use_root
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.sampling.sources import open_samplers
from wattshed.energy.sensors.codecarbon import CodeCarbonSensor
from wattshed.energy.sensors.processor.tdp import TdpSensor
from wattshed.energy.sensors.selection import open_sensors, survey

TDP = MeteringBlock(cpu_estimator="tdp", cpu_power_w=65.0)


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine without zeusd, with counters in a folder and with the GPUs that a test sets."""
    for name in ("ZEUSD_SOCK_PATH", "ZEUSD_HOST_PORT", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("wattshed.energy.sensors.processor.rapl.POWERCAP", tmp_path)
    use_root(monkeypatch, tmp_path / "root")

    def with_gpus(*gpus):
        monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(*gpus))

    with_gpus()
    return with_gpus


def components(sensors):
    for sensor in sensors:
        sensor.start()
    try:
        found = [(name, part.status) for sensor in sensors for name, part in sensor.read().items()]
    finally:
        for sensor in sensors:
            sensor.stop()
    assert len(found) == len(dict(found)), "two sensors report the same component"
    return dict(found)


def test_counters_are_preferred_over_estimates(tmp_path, machine):
    machine(FakeGpu(step_mj=10))
    with running(zone(tmp_path, "intel-rapl:0", "package-0"), zone(tmp_path, "intel-rapl:0:0", "dram")):
        found = components(open_sensors(TDP))
    assert found == {"cpu": "measured", "ram": "measured", "gpu0": "measured"}


def test_a_component_without_a_counter_is_estimated(tmp_path):
    with running(zone(tmp_path, "intel-rapl:0", "package-0")):
        found = components(open_sensors(TDP))
    assert found == {"cpu": "measured", "ram": "estimated", "gpu": "missing"}


def test_the_estimator_is_the_configured_one():
    blocks = (MeteringBlock(cpu_estimator="codecarbon"), MeteringBlock())
    assert [type(open_sensors(block)[0].sensor) for block in blocks] == [CodeCarbonSensor, TdpSensor]


def test_a_machine_without_counters_measures_nothing():
    found = components(open_sensors(MeteringBlock()))
    assert found == {"cpu": "estimated", "ram": "estimated", "gpu": "missing"}


def surveyed(metering):
    return {(report.provider, report.component): report for report in survey(metering)}


def test_the_survey_reports_unavailable_sensors_with_a_remedy():
    reports = surveyed(MeteringBlock())
    assert reports["rapl", "cpu"].status == "missing"
    assert "intel_rapl_msr" in reports["rapl", "cpu"].remedy
    assert "ZEUSD_SOCK_PATH" in reports["zeus", "cpu"].remedy
    assert reports["codecarbon", "cpu"].status == "estimated"
    assert reports["tdp", "cpu"].status == "estimated"
    assert "W per busy logical core" in reports["tdp", "cpu"].detail
    assert reports["nvml", "gpu"].detail == "nvml: no GPU"
    assert {report.resolution_s for report in reports.values() if report.status == "missing"} == {None}


def test_the_survey_reports_working_sensors(tmp_path, machine):
    mig = FakeGpu("GPU-b", mig=pynvml.NVML_DEVICE_MIG_ENABLE)
    machine(FakeGpu(step_mj=10), mig)
    with running(zone(tmp_path, "intel-rapl:0", "package-0")):
        reports = surveyed(TDP)
    assert (reports["rapl", "cpu"].status, reports["rapl", "cpu"].resolution_s) == ("measured", 0.01)
    assert reports["rapl", "ram"].status == "missing"
    assert (reports["tdp", "cpu"].status, reports["tdp", "ram"].status) == ("estimated", "estimated")
    assert (reports["nvml", "gpu0"].status, reports["nvml", "gpu0"].remedy) == ("measured", None)
    assert reports["nvml", "gpu0"].resolution_s == 0.1
    assert "MIG mode" in reports["nvml", "gpu1"].detail
    assert reports["nvml", "gpu1"].remedy == "disable MIG to meter it"


def test_the_survey_never_raises(monkeypatch):
    class Broken(FakeNvml):
        def nvmlDeviceGetCount(self):
            raise TypeError("a driver of another version")

    monkeypatch.setitem(sys.modules, "pynvml", Broken())
    report = surveyed(MeteringBlock(cpu_estimator="tdp"))["nvml", "gpu"]
    assert report.detail == "nvml: it failed with TypeError (a driver of another version)"


def test_a_driver_that_cannot_be_opened_is_reported_without_a_traceback(monkeypatch):
    class Broken:
        def nvmlInit(self):
            raise TypeError("bindings of another version")

    monkeypatch.setitem(sys.modules, "pynvml", Broken())
    assert surveyed(MeteringBlock())["nvml", "gpu"].detail == "nvml: bindings of another version"


def test_the_survey_reports_how_to_install_a_missing_codecarbon(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    report = surveyed(MeteringBlock())["codecarbon", "ram"]
    assert (report.status, report.remedy) == ("missing", "pip install codecarbon")


def test_samplers_of_this_machine_give_numbers():
    samplers = open_samplers(FakeNvml(FakeGpu()))
    values = {name: value for sampler in samplers for name, value in sampler.sample().items()}
    assert all(isinstance(value, float) for value in values.values())
    assert values["gpu0_power_w"] == 100.0


def test_importing_the_sensor_selection_loads_no_heavy_library():
    """The import must not take the seconds that CodeCarbon, pandas or Zeus need to load."""
    code = (
        "import sys, wattshed.energy.sensors.selection, wattshed.energy.sensors.simulated\n"
        "heavy = {'pandas', 'scipy', 'pydantic', 'codecarbon', 'psutil', 'torch', 'zeus', 'pynvml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
