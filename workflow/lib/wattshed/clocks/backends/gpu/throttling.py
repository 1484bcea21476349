"""Why a GPU ran below its setting: NVML's bits as words."""

from __future__ import annotations

from typing import Any

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.runs import POWER_LIMIT, Knob

# Ends of NVML's names -> words. A clock that a user set, and an idle GPU, do not count.
REASONS = {
    "SwPowerCap": "power cap",
    "HwSlowdown": "hardware slowdown",
    "SwThermalSlowdown": "heat, slowed by software",
    "HwThermalSlowdown": "heat, slowed by hardware",
    "HwPowerBrakeSlowdown": "power brake",
    "SyncBoost": "sync boost",
}


def reasons_now(driver: GpuDriver, knob: Knob) -> tuple[str, ...]:
    """What holds the clock down now, besides the knob itself: a power limit works by the power cap."""
    bits = event_reasons(driver)
    return tuple(
        words
        for end, words in REASONS.items()
        if bits & reason_bit(driver.nvml, end) and not (knob == POWER_LIMIT and end == "SwPowerCap")
    )


def event_reasons(driver: GpuDriver) -> int:
    """NVML's bits, 0 where the GPU does not tell; drivers before 535 know them by an older name."""
    nvml = driver.nvml
    bits = driver.if_known(getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", _unknown))
    if bits is None:
        bits = driver.if_known(getattr(nvml, "nvmlDeviceGetCurrentClocksThrottleReasons", _unknown))
    return int(bits or 0)


def _unknown(handle: Any) -> None:
    """Bindings before 12.535 have no function of the newer name, and later ones may drop the older."""


def reason_bit(nvml: Any, end: str) -> int:
    """The bit of a reason by the end of its name, such as ``SwPowerCap``; 0 where the bindings lack it."""
    older = getattr(nvml, f"nvmlClocksThrottleReason{end}", 0)
    return int(getattr(nvml, f"nvmlClocksEventReason{end}", older))
