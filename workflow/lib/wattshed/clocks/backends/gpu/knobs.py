"""Which knob a sweep turns: the clock, or the power limit where clocks are refused."""

from __future__ import annotations

from typing import Literal, Protocol

from wattshed.clocks.backends.gpu.clock_knob import ClockKnob
from wattshed.clocks.backends.gpu.driver import OTHER_BACK_ENDS, GpuDriver
from wattshed.clocks.backends.gpu.power_limit_knob import PowerLimitKnob
from wattshed.clocks.runs import Knob
from wattshed.foundation.faults import Fault

KnobWish = Literal["auto", "clock", "power_limit"]


class GpuKnob(Protocol):
    @property
    def knob(self) -> Knob: ...

    def settings(self) -> tuple[int, ...]: ...

    def turn(self, setting: int) -> None: ...

    def applied(self) -> int: ...


def choose_knob(driver: GpuDriver, wish: KnobWish, found_power_limit_mw: int | None) -> tuple[GpuKnob, str]:
    """The knob, and in a sentence why this one. Raises :class:`Fault` if the wished one, or with ``auto`` both, are
    refused."""
    refusals = []
    if wish != "power_limit":
        knob, refusal = _clock(driver)
        if knob is not None:
            return knob, f"{driver.gpu}: the SM clock is swept."
        refusals.append(refusal)
    if wish != "clock":
        limit, refusal = _power_limit(driver, found_power_limit_mw)
        if limit is not None:
            because = f", because {refusals[0]}" if refusals else ""
            return limit, f"{driver.gpu}: the power limit is swept{because}."
        refusals.append(refusal)
    raise Fault(f"{driver.gpu}: {', and '.join(refusals)}; nothing was measured: {_ways_out(driver, wish)}.")


def _clock(driver: GpuDriver) -> tuple[ClockKnob | None, str]:
    nvml = driver.nvml
    try:
        return ClockKnob(driver), ""
    except nvml.NVMLError_NoPermission:
        return (
            None,
            "this user may not lock clocks (nvmlDeviceSetGpuLockedClocks needs root or CAP_SYS_ADMIN)",
        )
    except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
        return None, "clocks cannot be locked on it (expected a Volta or later GPU that lists its clocks)"
    except nvml.NVMLError as error:
        raise driver.fault(error, "asking for its clocks") from error


def _power_limit(driver: GpuDriver, found_mw: int | None) -> tuple[PowerLimitKnob | None, str]:
    nvml = driver.nvml
    if found_mw is None:
        return None, "its power limit cannot be read"
    try:
        return PowerLimitKnob(driver, found_mw), ""
    except nvml.NVMLError_NoPermission:
        right = "nvmlDeviceSetPowerManagementLimit needs root or CAP_SYS_ADMIN"
        return None, f"this user may not set power limits ({right})"
    except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
        return None, "power limits cannot be set on it"
    except nvml.NVMLError as error:
        raise driver.fault(error, "asking for its power limits") from error


def _ways_out(driver: GpuDriver, wish: KnobWish) -> str:
    other = "set clocks.knob to power_limit, " if wish == "clock" else ""
    return (
        "run the sweep as root, or with a right that a SLURM prolog or a daemon such as zeusd gives; "
        f"{other}turn the knob by hand (`sudo nvidia-smi -i {driver.index} -lgc MHZ,MHZ`, afterwards `-rgc`) "
        f"and record the runs; or {OTHER_BACK_ENDS}"
    )
