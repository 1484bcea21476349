"""The power limit as the knob: where clocks are refused, or by wish; it is set back to what was found."""

import time
from itertools import pairwise

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_clock_driver import Driver
from wattshed.clocks.backends.gpu.power_limit_knob import spread_limits
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_NO_PERMISSION, pynvml.NVML_ERROR_NOT_SUPPORTED])
def test_auto_takes_the_limit_where_clocks_are_refused_and_says_why(open_gpu, capsys, code):
    gpu = open_gpu(Driver(nvmlDeviceResetGpuLockedClocks=code), "auto")
    assert gpu.knob.name == "power_limit"
    assert "the power limit is swept, because" in capsys.readouterr().err
    assert "the power limit is swept, because" in gpu.notices[-1]


def test_auto_takes_the_clock_where_both_are_allowed(open_gpu):
    driver = Driver()
    assert open_gpu(driver, "auto").knob.name == "clock"
    assert "nvmlDeviceSetPowerManagementLimit" not in driver.calls


def test_limits_are_whole_watts_up_to_the_default(open_gpu):
    settings = open_gpu(Driver(), "power_limit").settings()
    assert (settings[0], settings[-1]) == (100, 400)
    assert {high - low for low, high in pairwise(settings)} == {5}


def test_no_more_power_than_the_default_or_what_was_found(open_gpu):
    driver = Driver()
    driver.module.nvmlDeviceGetPowerManagementDefaultLimit = lambda handle: 300_000
    driver.limit_w = 250
    assert open_gpu(driver, "power_limit").settings()[-1] == 300


@given(st.integers(1, 2_000_000), st.integers(0, 2_000_000))
def test_spread_limits_stay_within_the_gpus_bounds(lowest_mw, more_mw):
    highest_mw = lowest_mw + 2000 + more_mw
    settings = spread_limits(lowest_mw, highest_mw)
    assert list(settings) == sorted(set(settings))
    assert lowest_mw <= 1000 * settings[0] < lowest_mw + 1000
    assert highest_mw - 1000 < 1000 * settings[-1] <= highest_mw
    assert all(1 <= high - low <= 5 for low, high in pairwise(settings))


def test_a_sweep_of_limits_sets_back_what_was_found(open_gpu):
    driver = Driver()
    driver.limit_w = 350.5
    block = ClocksBlock(backend="nvml", knob="power_limit", repeats=1, points=3, min_point_s=0.06)
    frame = run_sweep(open_gpu(driver, "power_limit"), lambda: time.sleep(0.01), block)
    assert set(frame["knob"]) == {"power_limit"}
    assert (frame["applied"] == frame["setting"]).all()
    assert {100, 400} <= set(frame["setting"])
    assert driver.limit_w == 350.5
    assert driver.locked is None


def test_a_limit_that_does_not_apply_is_an_error(open_gpu):
    driver = Driver()
    gpu = open_gpu(driver, "power_limit")
    driver.module.nvmlDeviceGetPowerManagementLimit = lambda handle: 400_000
    with pytest.raises(Fault, match="limit of 200 W was set, but 400 W applies"):
        gpu.lock(200)


def test_the_power_cap_is_how_a_limit_works_and_no_throttle(open_gpu):
    driver = Driver()
    gpu = open_gpu(driver, "power_limit")
    driver.reasons = pynvml.nvmlClocksEventReasonSwPowerCap
    assert not gpu.measure(lambda: time.sleep(0.01), 0.06).throttled
    driver.reasons |= pynvml.nvmlClocksEventReasonHwThermalSlowdown
    assert gpu.measure(lambda: time.sleep(0.01), 0.06).reasons == ("heat, slowed by hardware",)


def test_only_a_gpus_own_limits_are_set(open_gpu):
    with pytest.raises(ValueError, match="402 W is not a power limit"):
        open_gpu(Driver(), "power_limit").lock(402)
