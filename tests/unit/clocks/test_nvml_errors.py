"""Every call to NVML fails in every usual way, before the sweep, in it and at its end: one sentence, and a reset."""

import pynvml
import pytest

from fake_clock_driver import Driver, Guarded
from wattshed.clocks.backends.gpu.left_settings import survey_settings
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.backends.protocol import clock_given_back
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault

CALLS = sorted(name for name in dir(Driver) if name.startswith("nvml"))
KINDS = ("NO_PERMISSION", "NOT_SUPPORTED", "GPU_IS_LOST", "UNKNOWN", "TIMEOUT")
GIVES_BACK = {"clock": "nvmlDeviceResetGpuLockedClocks", "power_limit": "nvmlDeviceSetPowerManagementLimit"}


def swept(driver, wish, folder, call, code, when):
    """The windows that were measured, and the sentence that ended the sweep, None if nothing did."""
    if when == "before":
        driver._faults = {call: code}
    measured = []
    try:
        gpu = NvmlClocks(
            NvmlBlock(settle_s=0),
            wish,
            nvml=driver.module,
            notes=folder,
            guard=lambda note, path: Guarded(note, path),
        )
        with clock_given_back(gpu):
            for place, setting in enumerate(gpu.settings()[:2]):
                if place == 1 and when == "within":
                    driver._faults = {call: code}
                gpu.lock(setting)
                measured.append(gpu.measure(lambda: None, 1e-4))
            if when == "at the end":
                driver._faults = {call: code}
    except Fault as fault:
        return measured, str(fault)
    return measured, None


@pytest.mark.parametrize("wish", ["clock", "power_limit"])
@pytest.mark.parametrize("call", CALLS)
def test_an_error_of_any_call_is_one_sentence_and_the_gpu_is_given_back(tmp_path, call, wish):
    # Some pairs of each: all of them take a minute on a busy machine.
    for kind in KINDS[:3] if wish == "clock" else KINDS[3:]:
        for when in ("before", "within", "at the end"):
            driver = Driver()
            code = getattr(pynvml, f"NVML_ERROR_{kind}")
            measured, said = swept(driver, wish, tmp_path / f"{kind} {when}", call, code, when)
            assert said is None or (len(said) > 60 and "\n" not in said), said
            if when != "before":
                assert measured
            if driver.turned:
                turns = [
                    name
                    for name in driver.calls
                    if name in ("nvmlDeviceSetGpuLockedClocks", GIVES_BACK[wish])
                ]
                assert turns[-1] == GIVES_BACK[wish], (kind, when)
                if call == GIVES_BACK[wish]:
                    assert said is not None
                else:
                    assert (driver.locked, driver.limit_w) == (None, 400), (kind, when)


@pytest.mark.parametrize("call", CALLS)
def test_the_survey_of_what_was_left_never_fails(tmp_path, call):
    for kind in KINDS:
        driver = Driver(**{call: getattr(pynvml, f"NVML_ERROR_{kind}")})
        assert survey_settings(driver.module, tmp_path)[0] in (0, 1)
