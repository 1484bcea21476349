"""How a knob is given back: by the sweep itself, by its watchdog, or by the next sweep."""

from __future__ import annotations

from typing import Any

from wattshed.clocks.backends.gpu.note import LockNote
from wattshed.clocks.runs import CLOCK, POWER_LIMIT


def give_back(nvml: Any, handle: Any, note: LockNote) -> None:
    """Undo what the note's sweep turned: free the clock, or set the power limit that was found. Raises NVML's
    errors."""
    if note.knob == CLOCK.name:
        nvml.nvmlDeviceResetGpuLockedClocks(handle)
    elif note.knob == POWER_LIMIT.name and note.found_power_limit_mw is not None:
        nvml.nvmlDeviceSetPowerManagementLimit(handle, note.found_power_limit_mw)


def command_to_give_back(note: LockNote) -> str:
    """What an administrator types where no program could give the knob back."""
    if note.knob == POWER_LIMIT.name and note.found_power_limit_mw is not None:
        return f"sudo nvidia-smi -i {note.gpu_uuid} -pl {note.found_power_limit_mw / 1000:g}"
    return f"sudo nvidia-smi -i {note.gpu_uuid} -rgc"
