"""NVML, NVIDIA's management library: the one place that opens it, and what it reports about the GPUs."""

from __future__ import annotations

import importlib
from typing import Any

from wattshed.devices.absence import Absence

DRIVER = "nothing if the machine has no NVIDIA GPU; else install its driver"


def open_nvml(nvml: Any = None) -> tuple[Any, Absence | None]:
    """NVML's bindings, initialised; or None and the reason why it cannot be opened. Never raises.

    Each successful call needs one ``nvmlShutdown`` of the bindings, which count their users. nvml: bindings to take
    instead of the installed ones.
    """
    if nvml is None:
        try:
            nvml = importlib.import_module("pynvml")
        except ImportError as error:
            return None, Absence(f"nvml: {error}", "pip install nvidia-ml-py")
    try:
        nvml.nvmlInit()
    except Exception as error:  # NVML's own errors, and whatever old bindings raise with a new driver
        return None, Absence(f"nvml: {error}", DRIVER)
    return nvml, None


def describe_gpus(nvml: Any = None) -> list[dict[str, Any]]:
    """Index, uuid, name, driver and power limit [W] of every GPU that NVML lists; empty without a driver."""
    opened, absence = open_nvml(nvml)
    if absence is not None:
        return []
    try:
        driver = opened.nvmlSystemGetDriverVersion()
        handles = [opened.nvmlDeviceGetHandleByIndex(index) for index in range(opened.nvmlDeviceGetCount())]
        return [
            {
                "index": index,
                "uuid": text_of(opened.nvmlDeviceGetUUID(handle)),
                "name": text_of(opened.nvmlDeviceGetName(handle)),
                "driver": driver,
                "power_limit_w": _power_limit_w(opened, handle),
            }
            for index, handle in enumerate(handles)
        ]
    except opened.NVMLError:
        return []
    finally:
        opened.nvmlShutdown()


def text_of(value: str | bytes) -> str:
    """Old bindings return bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _power_limit_w(nvml: Any, handle: Any) -> float | None:
    try:
        return float(nvml.nvmlDeviceGetEnforcedPowerLimit(handle)) / 1000
    except nvml.NVMLError:
        return None
