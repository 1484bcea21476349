"""What this device is, as a profile says it. Does not import torch."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shlex
import shutil
from collections.abc import Mapping
from typing import Any, Literal

from wattshed.devices.visible_gpus import visible_gpus
from wattshed.foundation.faults import Fault
from wattshed.foundation.provenance import describe_machine
from wattshed.law.profile.device_profile import DeviceIdentity

# What DeviceIdentity.torch says where torch is not installed.
NO_TORCH = "not installed"


def here(
    device: Literal["cpu", "cuda"] = "cpu",
    threads: int = 1,
    *,
    nvml: Any = None,
    environment: Mapping[str, str] = os.environ,
) -> DeviceIdentity:
    """This machine's device. nvml: bindings in place of the installed ones.

    engine: whether what a kernel needs is there (a C compiler, or Triton); a kernel is not built for this. Raises
    :class:`Fault` for another kind of device, for threads below 1, and for cuda where NVML shows no GPU.
    """
    if device not in ("cpu", "cuda"):
        raise Fault(f"the device {device!r} is unknown: expected cpu or cuda; name one of these.")
    if threads < 1:
        raise Fault(f"threads is {threads}: expected at least 1; give a larger number.")
    name = _gpu_name(nvml, environment) if device == "cuda" else str(describe_machine()["processor"])
    return DeviceIdentity(device, name, threads, _torch_version(), _engine(device, environment))


def _gpu_name(nvml: Any, environment: Mapping[str, str]) -> str:
    gpus, absence, opened = visible_gpus(nvml, environment)
    if opened is not None:
        opened.nvmlShutdown()
    if absence is not None or not gpus:
        reason = "no GPU is visible" if absence is None else absence.reason
        remedy = None if absence is None else absence.remedy
        raise Fault(f"device is cuda, but this machine has no GPU to use ({reason}): {remedy or 'take cpu'}.")
    return gpus[0].name


def _torch_version() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return NO_TORCH


def _engine(device: str, environment: Mapping[str, str]) -> Literal["torch", "fused_cpu", "fused_cuda"]:
    if device == "cuda":
        return "fused_cuda" if importlib.util.find_spec("triton") is not None else "torch"
    # The names that the kernel's own build looks for, in its order.
    named = shlex.split(environment.get("CC", ""))[:1] or ["cc", "gcc", "clang"]
    return "fused_cpu" if any(shutil.which(name) for name in named) else "torch"
