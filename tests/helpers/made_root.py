"""The beginning of a made file system: the files by which a machine tells what it is."""

import pytest

NVIDIA, AMD, INTEL = 0x10DE, 0x1002, 0x8086
H100, MI210, RYZEN = 0x2330, 0x740F, 0x164E
DISPLAY, CONTROLLER_3D, ACCELERATOR, AUDIO = 0x030000, 0x030200, 0x120000, 0x040300


def write(root, name, text):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def on_bus(root, bus_id, maker, device, kind=CONTROLLER_3D):
    """A device of the PCI bus."""
    folder = f"sys/bus/pci/devices/{bus_id}"
    for name, number in (("vendor", maker), ("device", device), ("class", kind)):
        write(root, f"{folder}/{name}", f"{number:#06x}\n")


def use_root(monkeypatch: pytest.MonkeyPatch, root):
    """Everything that asks what this machine is looks below ``root``."""
    for module in ("allocation", "cgroup_limits", "present_gpus", "surroundings"):
        monkeypatch.setattr(f"wattshed.devices.{module}.ROOT", root)
    return root
