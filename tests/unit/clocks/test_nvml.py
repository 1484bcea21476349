"""The nvml backend against a driver in memory; errors and constants are those of the real pynvml."""

import time

import pynvml
import pytest

from fake_clock_driver import Driver
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault

BLOCK = NvmlBlock(settle_s=0)


def work() -> None:
    time.sleep(0.02)


def test_opening_frees_a_stale_lock_and_lists_clocks_ascending():
    driver = Driver()
    gpu = NvmlClocks(BLOCK, driver.module)
    assert driver.locked is None
    assert gpu.settings() == (510, 1395, 1410)
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
    assert (reading.applied, reading.throttled, reading.temperature_c) == (1395, False, 61)


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
    assert (reading.applied, reading.throttled) == (1320, True)
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
    assert (frame["applied"] == frame["setting"]).all()
    assert set(frame["setting"]) == {510, 1395, 1410}
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
