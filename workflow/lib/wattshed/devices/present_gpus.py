"""Which GPUs the machine has, whether or not a driver can read them: "no GPU" and "unreadable GPU" are two things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path("/")
NVIDIA, AMD = "nvidia", "amd"
MAKERS = {0x10DE: NVIDIA, 0x1002: AMD}
# PCI classes of displays and of accelerators, without subclass and interface.
DISPLAY, ACCELERATOR = 0x03, 0x12
# AMD numbers the graphics inside its processors so (first byte of the device's number). Their energy is part of the
# processor's.
INSIDE_PROCESSORS = (*range(0x40), 0x96, 0x98, 0x99)


@dataclass(frozen=True)
class PresentGpu:
    """maker: ``nvidia`` or ``amd``. bus_id: PCI address, or the device's file where the bus is not visible."""

    maker: str
    bus_id: str


def present_gpus(root: Path | None = None) -> list[PresentGpu]:
    """The GPUs of NVIDIA and AMD by the machine's PCI bus, or by NVIDIA's driver; graphics in processors are left out.

    Nothing is opened or loaded. root: of the file system, for tests; None takes the machine's own.
    """
    root = ROOT if root is None else root
    found = [gpu for folder in _folders(root / "sys/bus/pci/devices") if (gpu := _on_bus(folder))]
    if not any(gpu.maker == NVIDIA for gpu in found):
        driven = [folder.name for folder in _folders(root / "proc/driver/nvidia/gpus")]
        nodes = [file.name for file in _folders(root / "dev") if _is_nvidia_node(file.name)]
        found += [PresentGpu(NVIDIA, name) for name in driven or nodes]
    return found


def count_present(maker: str) -> int:
    return sum(gpu.maker == maker for gpu in present_gpus())


def gpu_unread(energy: Mapping[str, Mapping[str, Any]], machine: Mapping[str, Any]) -> bool:
    """Whether a GPU that the job could use was not read, so that a sum without it is a lower bound.

    energy: a window's components as a ledger holds them, name -> kwh, status, source. machine: the ledger's
    description. A GPU that is there has a number (``gpu0``, ``gpu_amd0``); ``gpu`` or ``gpu_amd`` alone, missing, says
    that there is none for this job. Ledgers from before that rule have no ``gpus_present``: they are judged by the
    GPUs that NVML listed.
    """
    names = [name for name in energy if name.startswith("gpu")]
    if any(name[-1].isdecimal() and energy[name].get("kwh") is None for name in names):
        return True
    if "gpus_present" in machine or "gpu" not in energy or energy["gpu"].get("kwh") is not None:
        return False
    hidden = "hides every GPU" in str(energy["gpu"].get("source", ""))
    return bool(machine.get("gpus")) and not hidden


def _on_bus(folder: Path) -> PresentGpu | None:
    maker = MAKERS.get(_number(folder / "vendor"))
    if maker is None or _number(folder / "class") >> 16 not in (DISPLAY, ACCELERATOR):
        return None
    if maker == AMD and _number(folder / "device") >> 8 in INSIDE_PROCESSORS:
        return None
    return PresentGpu(maker, folder.name)


def _is_nvidia_node(name: str) -> bool:
    return name.startswith("nvidia") and name.removeprefix("nvidia").isdecimal()


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(parent.iterdir())
    except OSError:
        return []


def _number(file: Path) -> int:
    """The hexadecimal number in a file of the PCI bus; -1 if there is none."""
    try:
        return int(file.read_text(encoding="ascii"), 16)
    except (OSError, ValueError):
        return -1
