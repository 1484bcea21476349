"""Settings that somebody left on a GPU: a power limit, an application clock, a locked clock.

NVML tells limits and application clocks, but not what clocks are locked. A locked one shows where the driver says that
a user's setting holds the clock down, and the clock is below the one that this GPU would run.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.backends.gpu.giving_back import command_to_give_back
from wattshed.clocks.backends.gpu.note import note_path, notes_folder, read_note
from wattshed.clocks.backends.gpu.throttling import event_reasons, reason_bit
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.devices.nvml import open_nvml
from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery.machine_claim import holder_of


@dataclass(frozen=True)
class LeftSetting:
    """found: what differs from the GPU's default, as a part of a sentence. remedy: the command that undoes it."""

    found: str
    remedy: str


def left_settings(driver: GpuDriver) -> list[LeftSetting]:
    """What differs from the GPU's defaults now. Raises NVML's errors; a question that the GPU does not know counts as
    unchanged."""
    return [part for part in (_power_limit(driver), _application_clock(driver), _lock(driver)) if part]


def survey_settings(nvml: Any = None, notes: Path | None = None) -> tuple[int, list[LeftSetting]]:
    """The number of GPUs that answer, and what a sweep or somebody left on them; changes nothing, never raises."""
    opened, absence = open_nvml(nvml)
    if absence is not None:
        return 0, []
    gpus, left = 0, []
    try:
        for index in range(opened.nvmlDeviceGetCount()):
            with suppress(Fault, opened.NVMLError):
                driver = GpuDriver(NvmlBlock(gpu_index=index), opened)
                try:
                    gpus += 1
                    left += _on_gpu(driver, notes)
                finally:
                    driver.close()
    except opened.NVMLError:
        pass
    finally:
        with suppress(opened.NVMLError):
            opened.nvmlShutdown()
    return gpus, left


def _on_gpu(driver: GpuDriver, notes: Path | None) -> list[LeftSetting]:
    name = f"GPU {driver.index} ({driver.gpu})"
    # Another user's sweep, whose note lies elsewhere, would look like somebody's lock.
    holder = holder_of(driver.uuid, "" if notes is None else str(notes.absolute()))
    if holder is not None and not holder.has_ended():
        return [LeftSetting(f"{name} is swept by {holder.words()}", "wait for its end")]
    try:
        note = read_note(note_path(notes_folder() if notes is None else notes, driver.uuid))
    except Fault as fault:
        return [LeftSetting(f"{name}: {fault}", f"sudo nvidia-smi -i {driver.index} -rgc")]
    if note is not None and not note.has_ended():
        return [LeftSetting(f"{name} is swept by {note.words()}", "wait for its end")]
    if note is not None and note.knob is not None and note.from_this_boot():
        why = f" ({note.failed})" if note.failed else ""
        return [
            LeftSetting(
                f"{name} was left locked by {note.words()}, which has ended{why}",
                f"`{command_to_give_back(note)}`, or sweep again, which frees it first",
            )
        ]
    return [
        LeftSetting(f"{name}: {part.found}", f"`{part.remedy}`, unless it is meant")
        for part in left_settings(driver)
    ]


def _power_limit(driver: GpuDriver) -> LeftSetting | None:
    nvml = driver.nvml
    limit_mw = driver.if_known(nvml.nvmlDeviceGetPowerManagementLimit)
    default_mw = driver.if_known(nvml.nvmlDeviceGetPowerManagementDefaultLimit)
    if limit_mw is None or default_mw is None or limit_mw == default_mw:
        return None
    return LeftSetting(
        f"its power limit is {limit_mw / 1000:g} W and not the default of {default_mw / 1000:g} W",
        f"sudo nvidia-smi -i {driver.index} -pl {default_mw / 1000:g}",
    )


def _application_clock(driver: GpuDriver) -> LeftSetting | None:
    nvml = driver.nvml
    clock = driver.if_known(nvml.nvmlDeviceGetApplicationsClock, nvml.NVML_CLOCK_GRAPHICS)
    default = driver.if_known(nvml.nvmlDeviceGetDefaultApplicationsClock, nvml.NVML_CLOCK_GRAPHICS)
    if clock is None or default is None or clock == default:
        return None
    return LeftSetting(
        f"its application clock is {clock} MHz and not the default of {default} MHz",
        f"sudo nvidia-smi -i {driver.index} -rac",
    )


def _lock(driver: GpuDriver) -> LeftSetting | None:
    nvml = driver.nvml
    if not event_reasons(driver) & reason_bit(nvml, "ApplicationsClocksSetting"):
        return None
    now = nvml.nvmlDeviceGetClockInfo(driver.handle, nvml.NVML_CLOCK_SM)
    highest = driver.if_known(nvml.nvmlDeviceGetMaxClockInfo, nvml.NVML_CLOCK_SM)
    by_application = driver.if_known(nvml.nvmlDeviceGetApplicationsClock, nvml.NVML_CLOCK_GRAPHICS)
    expected = min((clock for clock in (highest, by_application) if clock is not None), default=None)
    if expected is None or now >= expected:
        return None
    return LeftSetting(
        f"its clock is held at {now} MHz by somebody's lock, and not by heat or power; it could run {expected} MHz",
        f"sudo nvidia-smi -i {driver.index} -rgc",
    )
