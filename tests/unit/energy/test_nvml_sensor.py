"""GPU energy through NVML, with a fake driver; on a real GPU, compared with Zeus."""

import threading
import time
from types import SimpleNamespace

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from known_power import HandClock
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.energy.sampling.gpu_samples import GpuSamples
from wattshed.energy.sensors.gpu.gpu_power import SampledPower
from wattshed.energy.sensors.gpu.nvml import NvmlSensor

COUNTER = "nvmlDeviceGetTotalEnergyConsumption"
NO_COUNTER = {COUNTER: pynvml.NVML_ERROR_NOT_SUPPORTED}


def started(nvml, environment=None, **options):
    sensor = NvmlSensor(nvml, environment or {}, **options)
    sensor.start()
    return sensor


def test_each_gpu_is_read_from_its_own_counter_in_kwh_since_the_start():
    first, second = FakeGpu("GPU-a"), FakeGpu("GPU-b")
    sensor = started(FakeNvml(first, second))
    first.counter_mj += 3_600_000
    second.counter_mj += 7_200_000
    parts = sensor.read()
    assert {name: part.status for name, part in parts.items()} == {"gpu0": "measured", "gpu1": "measured"}
    assert parts["gpu0"].kwh == pytest.approx(0.001)
    assert parts["gpu1"].kwh == pytest.approx(0.002)


def test_only_visible_gpus_are_metered_under_their_own_index():
    sensor = started(FakeNvml(FakeGpu("GPU-a"), FakeGpu("GPU-b")), {"CUDA_VISIBLE_DEVICES": "1"})
    assert set(sensor.read()) == {"gpu1"}


@pytest.mark.parametrize(("visible", "reason"), [("", "hides every GPU"), ("7", "no GPU is named")])
def test_hidden_gpus_are_missing_and_not_zero(visible, reason):
    nvml = FakeNvml(FakeGpu())
    part = started(nvml, {"CUDA_VISIBLE_DEVICES": visible}).read()["gpu"]
    assert part.kwh is None
    assert reason in part.source


def test_a_missing_driver_or_gpu_is_reported_with_the_reason():
    no_driver = FakeNvml(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    part = started(no_driver).read()["gpu"]
    assert part.kwh is None
    assert part.source.startswith("nvml: NVML Shared Library Not Found: ")
    assert started(FakeNvml()).read()["gpu"].source == "nvml: no GPU"


def test_a_gpu_in_mig_mode_is_missing_with_the_reason():
    parts = started(FakeNvml(FakeGpu(mig=pynvml.NVML_DEVICE_MIG_ENABLE), FakeGpu("GPU-b"))).read()
    assert parts["gpu0"].kwh is None
    assert "is in MIG mode" in parts["gpu0"].source
    assert parts["gpu1"].status == "measured"


def test_gpus_without_mig_support_are_metered():
    gpu = FakeGpu(nvmlDeviceGetMigMode=pynvml.NVML_ERROR_NOT_SUPPORTED)
    assert started(FakeNvml(gpu)).read()["gpu0"].status == "measured"


def test_power_is_sampled_and_marked_estimated_without_an_energy_counter():
    clock, gpu = HandClock(), FakeGpu(**NO_COUNTER)
    sensor = started(FakeNvml(gpu), clock=clock)
    assert sensor.resolution_s == 1.0
    clock.sleep(10.0)
    gpu.power_w = 300.0
    part = sensor.read()["gpu0"]
    sensor.stop()
    assert part.status == "estimated"
    assert "sampled" in part.source
    # Power rises from 100 to 300 W: the result lies between, for any times of the thread's samples.
    assert part.kwh * JOULES_PER_KWH == pytest.approx(10.0 * 200, rel=0.5)


def test_a_thread_samples_between_readings():
    gpu, calls = FakeGpu(**NO_COUNTER), []
    nvml = FakeNvml(gpu)
    enough = threading.Event()

    def power(handle):
        calls.append(threading.current_thread().name)
        if calls.count("wattshed-gpu0") == 3:
            enough.set()
        return 100_000

    nvml.nvmlDeviceGetPowerUsage = power
    sensor = started(nvml)
    assert enough.wait(30)
    sensor.stop()
    assert "wattshed-gpu0" not in {thread.name for thread in threading.enumerate()}


class HandSampled:
    """A sampled GPU whose thread is never started: only readings take samples."""

    def __init__(self):
        self.clock, self.gpu = HandClock(), FakeGpu()
        self.power = SampledPower("gpu0", FakeNvml(self.gpu), SimpleNamespace(handle=self.gpu), self.clock)
        assert self.power.works()

    def joules(self, after_s):
        self.clock.sleep(after_s)
        part = self.power.read()
        return None if part.kwh is None else part.kwh * JOULES_PER_KWH


def test_sampled_power_is_integrated_by_trapezoids():
    gpu = HandSampled()
    assert gpu.joules(0.1) == pytest.approx(10.0)
    gpu.gpu.power_w = 200.0
    assert gpu.joules(0.1) == pytest.approx(10.0 + 15.0)


def test_a_short_gap_in_the_samples_is_bridged_and_a_long_one_is_not():
    gpu = HandSampled()
    gpu.gpu.faults["nvmlDeviceGetPowerUsage"] = pynvml.NVML_ERROR_TIMEOUT
    assert gpu.joules(0.2) is None
    gpu.gpu.faults.clear()
    assert gpu.joules(0.2) == pytest.approx(40.0)
    gpu.gpu.faults["nvmlDeviceGetPowerUsage"] = pynvml.NVML_ERROR_TIMEOUT
    assert gpu.joules(0.5) is None
    gpu.gpu.faults.clear()
    assert gpu.joules(3.0) is None
    assert gpu.joules(0.1) is None
    assert "could not be read for 3.5 s" in gpu.power.read().source


def test_a_gpu_without_energy_counter_and_power_is_missing():
    gpu = FakeGpu(**NO_COUNTER, nvmlDeviceGetPowerUsage=pynvml.NVML_ERROR_NOT_SUPPORTED)
    part = started(FakeNvml(gpu)).read()["gpu0"]
    assert part.kwh is None
    assert "neither energy counter nor power" in part.source


def test_energy_stays_missing_after_a_counter_falls_back():
    gpu = FakeGpu()
    sensor = started(FakeNvml(gpu))
    gpu.counter_mj = 1000
    assert sensor.read()["gpu0"].kwh is None
    gpu.counter_mj = 9_000_000
    assert "fell back" in sensor.read()["gpu0"].source


def test_energy_is_missing_during_an_error_and_known_again_after_it():
    gpu = FakeGpu()
    sensor = started(FakeNvml(gpu))
    gpu.faults[COUNTER] = pynvml.NVML_ERROR_GPU_IS_LOST
    assert sensor.read()["gpu0"].source == "nvml: GPU is lost"
    del gpu.faults[COUNTER]
    gpu.counter_mj += 3_600_000
    assert sensor.read()["gpu0"].kwh == pytest.approx(0.001)


def test_the_sensor_can_be_stopped_without_a_start_and_shuts_nvml_down():
    nvml = FakeNvml(FakeGpu())
    sensor = NvmlSensor(nvml, {})
    sensor.stop()
    sensor.start()
    sensor.stop()
    sensor.stop()
    assert nvml.opened == 0
    assert sensor.read()["gpu"].kwh is None


def test_the_gpus_of_this_machine_have_an_energy_or_a_reason():
    sensor = NvmlSensor()
    sensor.start()
    parts = sensor.read()
    sensor.stop()
    assert parts
    assert all(part.kwh is not None or part.source.startswith("nvml: ") for part in parts.values())


def test_samples_have_units_and_unreadable_values_are_omitted():
    gpu = FakeGpu(nvmlDeviceGetTemperature=pynvml.NVML_ERROR_NOT_SUPPORTED)
    sample = GpuSamples(FakeNvml(gpu), {}).sample()
    assert sample == {
        "gpu0_sm_clock_mhz": 1410.0,
        "gpu0_memory_clock_mhz": 1215.0,
        "gpu0_power_w": 100.0,
        "gpu0_utilisation_percent": 97.0,
        "gpu0_throttle_bits": 4.0,
    }
    assert GpuSamples(FakeNvml(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND), {}).sample() == {}


def test_a_second_start_resets_the_energy_and_opens_nvml_only_once():
    gpu = FakeGpu()
    nvml = FakeNvml(gpu)
    sensor = started(nvml)
    gpu.counter_mj += 3_600_000
    sensor.start()
    assert sensor.read()["gpu0"].kwh == 0
    assert nvml.opened == 1


def test_a_gpu_in_mig_mode_is_not_sampled():
    assert GpuSamples(FakeNvml(FakeGpu(mig=pynvml.NVML_DEVICE_MIG_ENABLE)), {}).sample() == {}


def test_zeus_agrees_on_a_real_gpu():
    """Over 12 s a whole step of the counter, 0.1 s, is less than the 1 % that the two may differ by."""
    monitor = pytest.importorskip(
        "zeus.monitor", reason="zeus is not installed: pip install 'wattshed[zeus]'"
    )
    sensor = NvmlSensor()
    sensor.start()
    if not any(part.status == "measured" for part in sensor.read().values()):
        pytest.skip("no GPU with an energy counter on this machine")
    zeus = monitor.ZeusMonitor(cpu_indices=[])
    zeus.begin_window("cross-check", sync_execution=False)
    before = sensor.read()
    time.sleep(12.0)
    after = sensor.read()
    theirs = zeus.end_window("cross-check", sync_execution=False).gpu_energy
    sensor.stop()
    measured = [name for name, part in after.items() if part.status == "measured"]
    ours_j = [(after[name].kwh - before[name].kwh) * JOULES_PER_KWH for name in measured]
    assert ours_j == pytest.approx([theirs[place] for place in range(len(measured))], rel=0.01)
