"""NVML, NVIDIA's management library: the one place that opens it, and what it reports about the GPUs."""

from __future__ import annotations

import importlib
from typing import Any

from wattshed.devices.absence import Absence
from wattshed.devices.nvml_remedies import DRIVER, remedy_for
from wattshed.devices.present_gpus import NVIDIA, count_present
from wattshed.foundation.faults import one_line


def open_nvml(nvml: Any = None) -> tuple[Any, Absence | None]:
    """NVML's bindings, initialised; or None and the reason why it cannot be opened. Never raises.

    Each successful call needs one ``nvmlShutdown`` of the bindings, which count their users. nvml: bindings to take
    instead of the installed ones.
    """
    if nvml is None:
        try:
            nvml = importlib.import_module("pynvml")
        except ImportError as error:
            return None, Absence(f"nvml: {error}", "pip install nvidia-ml-py", unread_numbers())
        except Exception as error:  # a damaged installation
            reason = f"nvml: its bindings cannot be imported ({type(error).__name__}: {one_line(error)})"
            remedy = "pip install --force-reinstall nvidia-ml-py"
            return None, Absence(reason, remedy, unread_numbers())
    try:
        nvml.nvmlInit()
    except Exception as error:  # NVML's own errors, and whatever old bindings raise with a new driver
        return None, unopened(error, nvml)
    return nvml, None


def unopened(error: Exception, nvml: Any) -> Absence:
    """Why NVML does not answer, and what to do; with the numbers of the GPUs that the machine has nevertheless."""
    remedy = remedy_for(error, nvml) if isinstance(error, getattr(nvml, "NVMLError", ())) else DRIVER
    return Absence(f"nvml: {error}", remedy, unread_numbers())


def unread_numbers() -> tuple[int, ...]:
    """Numbers for the GPUs on the bus. NVML counts them by bus address too."""
    return tuple(range(count_present(NVIDIA)))


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
    except Exception:  # a job must not end because a record of the machine is incomplete
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
