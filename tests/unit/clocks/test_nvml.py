"""The nvml backend against a driver in memory; errors and constants are those of the real pynvml."""

import time
from types import SimpleNamespace

import pynvml
import pytest

from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.sweep import run_sweep
from wattshed.config.models.clocks import ClocksBlock, NvmlBlock
from wattshed.foundation.faults import Fault

BLOCK = NvmlBlock(settle_s=0)


class Driver:
    """An A100 as NVML shows it: rising energy counter, locks that hold, calls written down."""

    def __init__(self, **faults: int) -> None:
        self.faults = faults
        self.calls: list[str] = []
        self.locked: int | None = 900  # left behind by a killed sweep
        self.power_w = 250.0
        self.mig = 0
        self.reasons = 0
        self.module = SimpleNamespace(
            **{
                name: getattr(pynvml, name)
                for name in dir(pynvml)
                if name.startswith(("NVML", "nvmlClocksE"))
            }
        )
        for name in dir(self):
            if name.startswith("nvml"):
                setattr(self.module, name, self._called(name))

    def _called(self, name):
        def call(*arguments):
            self.calls.append(name)
            if name in self.faults:
                raise pynvml.NVMLError(self.faults[name])
            return getattr(self, name)(*arguments)

        return call

    def nvmlInit(self): ...
    def nvmlShutdown(self): ...
    def nvmlDeviceGetHandleByIndex(self, index):
        return f"gpu{index}"

    def nvmlDeviceGetName(self, handle):
        return "NVIDIA A100-SXM4-40GB"

    def nvmlDeviceGetMigMode(self, handle):
        return [self.mig, self.mig]

    def nvmlDeviceGetSupportedMemoryClocks(self, handle):
        return [1215]

    def nvmlDeviceGetSupportedGraphicsClocks(self, handle, memory_mhz):
        assert memory_mhz == 1215
        return [1410, 1395, 510]

    def nvmlDeviceSetGpuLockedClocks(self, handle, low, high):
        assert low == high
        self.locked = low

    def nvmlDeviceResetGpuLockedClocks(self, handle):
        self.locked = None

    def nvmlDeviceGetClockInfo(self, handle, kind):
        assert kind == pynvml.NVML_CLOCK_SM
        return self.locked or 1410

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle):
        return self.reasons

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        return int(time.perf_counter() * self.power_w * 1000)

    def nvmlDeviceGetPowerUsage(self, handle):
        return int(self.power_w * 1000)

    def nvmlDeviceGetTemperature(self, handle, kind):
        return 61


def work() -> None:
    time.sleep(0.02)


def test_opening_frees_a_stale_lock_and_lists_clocks_ascending():
    driver = Driver()
    gpu = NvmlClocks(BLOCK, driver.module)
    assert driver.locked is None
    assert gpu.supported_mhz() == (510, 1395, 1410)
    assert (gpu.gpu, gpu.label) == ("NVIDIA A100-SXM4-40GB", "measured")


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        ("nvmlInit", pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "cannot be reached through NVML"),
        ("nvmlInit", pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "cannot be reached through NVML"),
        ("nvmlDeviceGetHandleByIndex", pynvml.NVML_ERROR_INVALID_ARGUMENT, "clocks.nvml.gpu_index"),
        (
            "nvmlDeviceResetGpuLockedClocks",
            pynvml.NVML_ERROR_NO_PERMISSION,
            "needs root.*nothing was measured",
        ),
        ("nvmlDeviceResetGpuLockedClocks", pynvml.NVML_ERROR_NOT_SUPPORTED, "cannot lock its clocks"),
        ("nvmlDeviceGetSupportedMemoryClocks", pynvml.NVML_ERROR_NOT_SUPPORTED, "does not list its clocks"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_measured(call, code, sentence):
    driver = Driver(**{call: code})
    with pytest.raises(Fault, match=sentence):
        NvmlClocks(BLOCK, driver.module)
    assert "nvmlDeviceSetGpuLockedClocks" not in driver.calls
    # What was opened is closed, and only that.
    assert ("nvmlShutdown" in driver.calls) == (call != "nvmlInit")


def test_mig_is_refused_but_a_gpu_that_knows_no_mig_is_not():
    driver = Driver()
    driver.mig = pynvml.NVML_DEVICE_MIG_ENABLE
    with pytest.raises(Fault, match="split by MIG"):
        NvmlClocks(BLOCK, driver.module)
    NvmlClocks(BLOCK, Driver(nvmlDeviceGetMigMode=pynvml.NVML_ERROR_NOT_SUPPORTED).module)


def test_a_window_reads_the_counter_and_the_applied_clock():
    driver = Driver()
    gpu = NvmlClocks(BLOCK, driver.module)
    gpu.lock(1395)
    reading = gpu.measure(work, min_s=0.3)
    assert reading.time_s >= 0.02
    assert reading.energy_j / reading.time_s == pytest.approx(250, rel=0.02)
    assert (reading.applied_mhz, reading.throttled, reading.temperature_c) == (1395, False, 61)


def test_power_is_sampled_where_there_is_no_counter():
    driver = Driver(nvmlDeviceGetTotalEnergyConsumption=pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu = NvmlClocks(BLOCK, driver.module)
    reading = gpu.measure(work, min_s=0.2)
    assert reading.energy_j / reading.time_s == pytest.approx(250)


def test_a_clock_that_does_not_hold_and_its_cause_are_seen():
    driver = Driver()
    gpu = NvmlClocks(BLOCK, driver.module)
    gpu.lock(1410)
    driver.locked, driver.reasons = 1320, pynvml.nvmlClocksEventReasonSwPowerCap
    reading = gpu.measure(work, min_s=0.1)
    assert (reading.applied_mhz, reading.throttled) == (1320, True)
    # A lock that does its work is no throttle.
    driver.reasons = pynvml.nvmlClocksEventReasonApplicationsClocksSetting
    assert not gpu.measure(work, min_s=0.1).throttled


def test_a_counter_that_stands_still_is_refused_and_not_a_zero():
    driver = Driver()
    driver.power_w = 0
    with pytest.raises(Fault, match="did not move"):
        NvmlClocks(BLOCK, driver.module).measure(work, min_s=0.1)


def test_an_error_in_the_sampler_reaches_the_caller():
    driver = Driver(nvmlDeviceGetTemperature=pynvml.NVML_ERROR_GPU_IS_LOST)
    gpu = NvmlClocks(BLOCK, driver.module)
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        gpu.measure(work, min_s=0.1)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_the_clock_is_reset_when_a_sweep_breaks(failure):
    driver = Driver()
    gpu = NvmlClocks(BLOCK, driver.module)

    def breaks() -> None:
        assert driver.locked == 1410
        raise failure

    with pytest.raises(failure):
        run_sweep(gpu, breaks, ClocksBlock(backend="nvml", min_point_s=0.1))
    assert driver.locked is None
    assert driver.calls[-2:] == ["nvmlDeviceResetGpuLockedClocks", "nvmlShutdown"]
    gpu.reset()  # a second time does nothing
    assert driver.calls[-1] == "nvmlShutdown"


def test_a_whole_sweep_measures_every_clock():
    driver = Driver()
    block = ClocksBlock(backend="nvml", repeats=1, points=3, min_point_s=0.06)
    frame = run_sweep(NvmlClocks(BLOCK, driver.module), work, block)
    assert (frame["applied_mhz"] == frame["clock_mhz"]).all()
    assert set(frame["clock_mhz"]) == {510, 1395, 1410}
    assert set(frame["label"]) == {"measured"}
    assert driver.locked is None


def test_without_a_driver_the_real_library_gives_a_sentence():
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        with pytest.raises(Fault, match="cannot be reached through NVML"):
            NvmlClocks(BLOCK)
    else:
        pynvml.nvmlShutdown()
        pytest.skip("this machine has an NVIDIA driver")
