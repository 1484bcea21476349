"""The nvml back end against a driver in memory; errors and constants are those of the real pynvml."""

import time

import pynvml
import pytest

from fake_clock_driver import Driver, Guarded
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault

BLOCK = NvmlBlock(settle_s=0)
REFUSED = pynvml.NVML_ERROR_NO_PERMISSION
UNKNOWN = pynvml.NVML_ERROR_NOT_SUPPORTED


def work() -> None:
    time.sleep(0.02)


def test_it_lists_its_clocks_ascending(open_gpu):
    gpu = open_gpu(Driver())
    assert gpu.settings() == (510, 1395, 1410)
    assert (gpu.gpu, gpu.label, gpu.knob.name) == ("NVIDIA A100-SXM4-40GB", "measured", "clock")


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        ("nvmlInit", pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "cannot be reached through NVML"),
        ("nvmlInit", pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "cannot be reached through NVML"),
        ("nvmlDeviceGetHandleByIndex", pynvml.NVML_ERROR_INVALID_ARGUMENT, "clocks.nvml.gpu_index"),
        ("nvmlDeviceGetHandleByIndex", pynvml.NVML_ERROR_GPU_IS_LOST, "does not answer NVML"),
        ("nvmlDeviceGetHandleByIndex", REFUSED, "may not be used by this process.*--gres=gpu:1"),
        ("nvmlDeviceGetName", pynvml.NVML_ERROR_UNKNOWN, "does not answer NVML"),
        (
            "nvmlDeviceGetSupportedMemoryClocks",
            pynvml.NVML_ERROR_UNKNOWN,
            "failed while asking for its clocks",
        ),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_measured(open_gpu, tmp_path, call, code, sentence):
    driver = Driver(**{call: code})
    with pytest.raises(Fault, match=sentence):
        open_gpu(driver)
    assert driver.turned == []
    # What was opened is closed, and only that; no note of a lock stays.
    assert ("nvmlShutdown" in driver.calls) == (call != "nvmlInit")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("clocks", "limits", "wish", "sentence"),
    [
        (REFUSED, None, "clock", "may not lock clocks.*root or CAP_SYS_ADMIN.*clocks.knob to power_limit"),
        (UNKNOWN, None, "clock", "expected a Volta or later GPU.*clocks.knob to power_limit"),
        (None, REFUSED, "power_limit", "may not set power limits.*root or CAP_SYS_ADMIN"),
        (REFUSED, REFUSED, "auto", "may not lock clocks.*and this user may not set power limits"),
        (UNKNOWN, UNKNOWN, "auto", "cannot be locked on it.*and power limits cannot be set on it"),
    ],
)
def test_a_refused_knob_names_the_right_and_the_ways_out(open_gpu, tmp_path, clocks, limits, wish, sentence):
    answers = {"nvmlDeviceResetGpuLockedClocks": clocks, "nvmlDeviceSetPowerManagementLimit": limits}
    driver = Driver(**{call: code for call, code in answers.items() if code})
    with pytest.raises(Fault, match=sentence) as refused:
        open_gpu(driver, wish)
    for way in (
        "nothing was measured",
        "SLURM prolog",
        "zeusd",
        "nvidia-smi -i 0 -lgc",
        "replay",
        "simulated",
    ):
        assert way in str(refused.value)
    assert driver.turned == []
    assert list(tmp_path.iterdir()) == []


def test_mig_is_refused_but_a_gpu_that_knows_no_mig_is_not(open_gpu):
    driver = Driver()
    driver.mig = pynvml.NVML_DEVICE_MIG_ENABLE
    with pytest.raises(Fault, match="split by MIG"):
        open_gpu(driver)
    open_gpu(Driver(nvmlDeviceGetMigMode=UNKNOWN))


def test_a_window_reads_the_counter_and_the_applied_clock(open_gpu):
    gpu = open_gpu(Driver())
    gpu.lock(1395)
    reading = gpu.measure(work, min_s=0.3)
    assert reading.time_s >= 0.02
    assert reading.energy_j / reading.time_s == pytest.approx(250, rel=0.02)
    assert (reading.applied, reading.throttled, reading.temperature_c) == (1395, False, 61)
    assert (reading.energy_by, gpu.applied()) == ("counter", 1395)


def test_power_is_sampled_where_there_is_no_counter(open_gpu):
    gpu = open_gpu(Driver(nvmlDeviceGetTotalEnergyConsumption=UNKNOWN))
    reading = gpu.measure(work, min_s=0.2)
    assert reading.energy_j / reading.time_s == pytest.approx(250)
    assert reading.energy_by == "trapezoid"


class SimulatedTime:
    def __init__(self):
        self.now_s = 0.0

    def sleep(self, seconds):
        self.now_s += seconds


@pytest.mark.parametrize(("step_s", "found"), [(0.1, 0.1), (0.02, 0.02), (10.0, None)])
def test_the_period_of_the_energy_counter_is_measured(tmp_path, step_s, found):
    driver, time_ = Driver(), SimulatedTime()
    driver.module.nvmlDeviceGetTotalEnergyConsumption = lambda handle: 1 + int((time_.now_s + 0.005) / step_s)
    gpu = NvmlClocks(
        BLOCK,
        nvml=driver.module,
        sleep=time_.sleep,
        clock=lambda: time_.now_s,
        notes=tmp_path,
        guard=Guarded,
    )
    gpu.reset()
    assert gpu.counter_period_s == (None if found is None else pytest.approx(found, abs=0.0011))


def test_without_a_counter_there_is_no_period(open_gpu):
    assert open_gpu(Driver(nvmlDeviceGetTotalEnergyConsumption=UNKNOWN)).counter_period_s is None


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("SwPowerCap", "power cap"),
        ("HwSlowdown", "hardware slowdown"),
        ("SwThermalSlowdown", "heat, slowed by software"),
        ("HwThermalSlowdown", "heat, slowed by hardware"),
        ("HwPowerBrakeSlowdown", "power brake"),
        ("SyncBoost", "sync boost"),
    ],
)
def test_a_clock_that_does_not_hold_is_marked_with_its_cause_and_does_not_end_the_sweep(open_gpu, end, words):
    driver = Driver()
    gpu = open_gpu(driver)
    gpu.lock(1410)
    driver.locked, driver.reasons = 1320, getattr(pynvml, f"nvmlClocksEventReason{end}")
    reading = gpu.measure(work, min_s=0.06)
    assert (reading.applied, reading.throttled, reading.reasons) == (1320, True, (words,))


def test_a_lock_that_does_its_work_and_an_idle_gpu_are_no_throttle(open_gpu):
    driver = Driver()
    gpu = open_gpu(driver)
    gpu.lock(510)
    driver.reasons = pynvml.nvmlClocksEventReasonGpuIdle
    reading = gpu.measure(work, min_s=0.06)
    assert (reading.throttled, reading.reasons) == (False, ())


def test_an_older_driver_tells_its_reasons_by_the_older_name(open_gpu):
    driver = Driver(nvmlDeviceGetCurrentClocksEventReasons=pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    driver.module.nvmlDeviceGetCurrentClocksThrottleReasons = lambda handle: (
        pynvml.nvmlClocksEventReasonHwSlowdown
    )
    assert open_gpu(driver).measure(work, min_s=0.06).throttled


def test_a_counter_that_stands_still_is_refused_and_not_a_zero(open_gpu):
    driver = Driver()
    driver.power_w = 0
    with pytest.raises(Fault, match="counter did not move"):
        open_gpu(driver).measure(work, min_s=0.06)


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        (
            "nvmlDeviceGetTemperature",
            pynvml.NVML_ERROR_GPU_IS_LOST,
            "was lost while measuring.*restart the machine",
        ),
        (
            "nvmlDeviceGetTotalEnergyConsumption",
            pynvml.NVML_ERROR_UNKNOWN,
            "the driver failed while measuring",
        ),
        ("nvmlDeviceSetGpuLockedClocks", pynvml.NVML_ERROR_GPU_IS_LOST, "was lost while locking 1410 MHz"),
        ("nvmlDeviceSetGpuLockedClocks", REFUSED, "right was refused while locking 1410 MHz"),
        ("nvmlDeviceGetClockInfo", pynvml.NVML_ERROR_TIMEOUT, "the driver failed while measuring"),
    ],
)
def test_an_error_in_mid_sweep_is_one_sentence_and_the_clock_is_given_back(open_gpu, call, code, sentence):
    driver = Driver()
    gpu = open_gpu(driver)
    gpu.lock(510)
    driver._faults = {call: code}
    block = ClocksBlock(backend="nvml", min_point_s=0.06, points=3)
    with pytest.raises(Fault, match=sentence):
        run_sweep(gpu, work, block)
    assert driver.locked is None


def test_the_workloads_own_error_passes_unchanged(open_gpu):
    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_gpu(Driver()).measure(fails, min_s=0.06)


def test_a_workload_that_fails_because_the_gpu_is_lost_is_a_sentence(open_gpu):
    driver = Driver()
    gpu = open_gpu(driver)

    def is_lost():
        driver._faults = {"nvmlDeviceGetPowerUsage": pynvml.NVML_ERROR_GPU_IS_LOST}
        raise RuntimeError("CUDA error: unspecified launch failure")

    with pytest.raises(Fault, match="was lost while measuring"):
        gpu.measure(is_lost, min_s=0.06)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_the_clock_is_reset_when_a_sweep_breaks(open_gpu, tmp_path, failure):
    driver = Driver()
    gpu = open_gpu(driver)

    def breaks() -> None:
        assert driver.locked == 1410
        assert len(list(tmp_path.iterdir())) == 1
        raise failure

    with pytest.raises(failure):
        run_sweep(gpu, breaks, ClocksBlock(backend="nvml", min_point_s=0.1))
    assert driver.locked is None
    assert driver.calls[-2:] == ["nvmlDeviceResetGpuLockedClocks", "nvmlShutdown"]
    assert gpu._guard.told[-1] == "dismiss"
    assert list(tmp_path.iterdir()) == []
    calls = len(driver.calls)
    gpu.reset()  # a second time does nothing
    assert len(driver.calls) == calls


def test_where_the_reset_fails_the_watchdog_tries_and_else_a_sentence_names_the_command(open_gpu, tmp_path):
    driver = Driver()
    gpu = open_gpu(driver, gives_back=True)
    gpu.lock(510)
    driver._faults = {"nvmlDeviceResetGpuLockedClocks": pynvml.NVML_ERROR_UNKNOWN}
    gpu.reset()
    driver._faults = {}
    gpu = open_gpu(driver)
    gpu.lock(510)
    driver._faults = {"nvmlDeviceResetGpuLockedClocks": pynvml.NVML_ERROR_UNKNOWN}
    with pytest.raises(Fault, match=r"may still be locked.*sudo nvidia-smi -i GPU-\S+ -rgc"):
        gpu.reset()
    # The next sweep learns of it.
    (note,) = tmp_path.iterdir()
    assert "Unknown Error" in note.read_text()


def test_a_whole_sweep_measures_every_clock(open_gpu):
    driver = Driver()
    block = ClocksBlock(backend="nvml", repeats=1, points=3, min_point_s=0.06)
    frame = run_sweep(open_gpu(driver), work, block)
    assert (frame["applied"] == frame["setting"]).all()
    assert set(frame["setting"]) == {510, 1395, 1410}
    assert set(frame["label"]) == {"measured"}
    assert driver.locked is None


def test_without_a_driver_the_real_library_gives_a_sentence(tmp_path):
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        with pytest.raises(Fault, match="cannot be reached through NVML"):
            NvmlClocks(BLOCK, notes=tmp_path)
    else:
        pynvml.nvmlShutdown()
        pytest.skip("this machine has an NVIDIA driver")
