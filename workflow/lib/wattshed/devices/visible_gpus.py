"""Which GPUs this job may use, and which of them can be metered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattshed.devices.absence import Absence
from wattshed.devices.nvml import open_nvml, text_of, unopened, unread_numbers
from wattshed.foundation.faults import one_line
from wattshed.foundation.provenance import batch_scheduler

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"
BY_BUS = "PCI_BUS_ID"


@dataclass(frozen=True)
class VisibleGpu:
    """index: NVML's, which no environment variable changes. refusal: why it is not metered, or None."""

    index: int
    handle: Any
    uuid: str
    name: str
    refusal: Absence | None


def visible_gpus(nvml: Any, environment: Mapping[str, str]) -> tuple[list[VisibleGpu], Absence | None, Any]:
    """The visible GPUs in CUDA's order, or the reason why there are none; and NVML's bindings, initialised, or None.

    ``CUDA_VISIBLE_DEVICES`` holds indices or beginnings of UUIDs and is read as CUDA reads it: the list ends at the
    first entry that does not name a GPU, and an empty list hides all. GPUs that this user may not use are not visible.
    """
    wanted = environment.get(VISIBLE)
    if wanted is not None and not wanted.strip():
        return [], Absence(f"nvml: {VISIBLE} is empty, which hides every GPU", f"unset {VISIBLE}"), None
    nvml, absence = open_nvml(nvml)
    if absence is not None:
        return [], absence, None
    try:
        found = [_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError as error:
        nvml.nvmlShutdown()
        return [], unopened(error, nvml), None
    except Exception as error:  # bindings that do not fit the driver raise whatever they meet
        nvml.nvmlShutdown()
        reason = f"nvml: it failed with {type(error).__name__} ({one_line(error)})"
        return [], Absence(reason, "pip install --upgrade nvidia-ml-py", unread_numbers()), None
    gpus = [gpu for gpu in found if gpu is not None]
    if not gpus:
        return [], _none_given(len(found), environment), nvml
    if wanted is None:
        return gpus, None, nvml
    named = _named(wanted, gpus)
    if not named:
        if wanted.strip().startswith("MIG-"):
            whole = [gpu for gpu in gpus if gpu.refusal is not None and gpu.handle is not None]
            if whole:
                return whole, None, nvml
            return [], Absence(f"nvml: {VISIBLE} names a MIG instance, which has no energy counter"), nvml
        return [], Absence(f"nvml: no GPU is named by {VISIBLE}={wanted}", f"correct {VISIBLE}"), nvml
    if _order_is_open(wanted, named, gpus, environment):
        reason = f"nvml: {VISIBLE}={wanted} may number different GPUs by speed, and NVML numbers them by bus"
        return [], Absence(reason, f"set {ORDER}={BY_BUS}", tuple(gpu.index for gpu in gpus)), nvml
    return named, None, nvml


def _none_given(listed: int, environment: Mapping[str, str]) -> Absence:
    """listed: GPUs that NVML counts, and refuses to this user."""
    if not listed:
        numbers = unread_numbers()
        if not numbers:
            return Absence("nvml: no GPU")
        reason = f"nvml: the driver lists no GPU, although the bus has {len(numbers)}"
        return Absence(reason, "restart the machine (`sudo dmesg | grep NVRM` tells why)", numbers)
    refused = f"this user may use none of the machine's {listed}"
    if batch_scheduler(environment):
        return Absence(
            f"nvml: no GPU is given to this job ({refused})",
            "if it shall use one, ask the batch system for it (SLURM: --gres=gpu:1)",
        )
    return Absence(
        f"nvml: no permission ({refused})",
        "ask the administrator for the right to use /dev/nvidia*",
        tuple(range(listed)),
    )


def _gpu(nvml: Any, index: int) -> VisibleGpu | None:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        uuid, name = text_of(nvml.nvmlDeviceGetUUID(handle)), text_of(nvml.nvmlDeviceGetName(handle))
        mig = _in_mig_mode(nvml, handle)
    except nvml.NVMLError_NoPermission:
        return None  # the batch system has given it to another job
    except nvml.NVMLError as error:
        refusal = Absence(f"nvml: GPU {index} does not answer ({error})", "reset it, or restart the machine")
        return VisibleGpu(index, None, "", "", refusal)
    if mig:
        reason = f"nvml: {name} is in MIG mode, and its counter counts all instances together"
        return VisibleGpu(index, handle, uuid, name, Absence(reason, "disable MIG to meter it"))
    return VisibleGpu(index, handle, uuid, name, None)


def _in_mig_mode(nvml: Any, handle: Any) -> bool:
    try:
        current, _ = nvml.nvmlDeviceGetMigMode(handle)
    except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
        return False  # cards before Ampere, and drivers of that time, have no MIG mode
    return bool(current == nvml.NVML_DEVICE_MIG_ENABLE)


def _named(wanted: str, gpus: list[VisibleGpu]) -> list[VisibleGpu]:
    named: list[VisibleGpu] = []
    for word in wanted.split(","):
        gpu = _find(word.strip(), gpus)
        if gpu is None:
            break
        if gpu not in named:
            named.append(gpu)
    return named


def _find(word: str, gpus: list[VisibleGpu]) -> VisibleGpu | None:
    if word.isdecimal():
        # As in CUDA, a number counts only the GPUs that this user may use.
        return gpus[int(word)] if int(word) < len(gpus) else None
    matches = [gpu for gpu in gpus if word.startswith("GPU-") and gpu.uuid.startswith(word)]
    return matches[0] if len(matches) == 1 else None


def _order_is_open(
    wanted: str, named: list[VisibleGpu], gpus: list[VisibleGpu], environment: Mapping[str, str]
) -> bool:
    """Whether CUDA, which numbers the fastest GPU first, may give an index to another GPU than NVML does."""
    by_index = any(word.strip().isdecimal() for word in wanted.split(","))
    unlike = len({gpu.name for gpu in gpus if gpu.name}) > 1
    return by_index and unlike and len(named) < len(gpus) and environment.get(ORDER) != BY_BUS
