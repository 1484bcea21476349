"""Whether this is a virtual machine or a container: counters are hidden in both, each with another remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path("/")
WSL = "WSL"
# What a maker's firmware calls itself, in /sys/class/dmi/id/sys_vendor and product_name.
HYPERVISORS = {
    "qemu": "KVM",
    "kvm": "KVM",
    "vmware": "VMware",
    "virtualbox": "VirtualBox",
    "innotek": "VirtualBox",
    "xen": "Xen",
    "amazon ec2": "Amazon EC2",
    "google compute": "Google Compute Engine",
    "microsoft corporation": "Hyper-V",
    "parallels": "Parallels",
    "openstack": "OpenStack",
    "bochs": "KVM",
    "firecracker": "Firecracker",
}
# Files that a container's engine leaves in it.
CONTAINER_FILES = {".dockerenv": "Docker", "run/.containerenv": "Podman", ".singularity.d": "Apptainer"}
# Words in the control group's path of a container that has no such file.
CONTAINER_WORDS = {"kubepods": "Kubernetes", "docker": "Docker", "libpod": "Podman", "lxc": "LXC"}


def virtual_machine(root: Path | None = None) -> str | None:
    """The hypervisor's name, ``WSL``, or ``unknown hypervisor``; None on a physical machine.

    root: of the file system, for tests; None takes the machine's own.
    """
    root = ROOT if root is None else root
    if "microsoft" in _text(root / "proc/version").lower():
        return WSL
    product = _text(root / "sys/class/dmi/id/product_name")
    firmware = f"{_text(root / 'sys/class/dmi/id/sys_vendor')} {product}".lower()
    name = next((name for word, name in HYPERVISORS.items() if word in firmware), None)
    if _has_hypervisor_flag(root):
        return name or "unknown hypervisor"
    if _text(root / "sys/hypervisor/type").strip():
        return "Xen"
    # Processors other than x86 have no such flag. Microsoft also makes physical machines, and Amazon rents them out.
    virtual = name not in (None, "Hyper-V") and "metal" not in product
    return name if virtual and not _is_x86(root) else None


def container(root: Path | None = None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The name of the container's engine; None outside of containers."""
    root = ROOT if root is None else root
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return "Kubernetes"
    for file, name in CONTAINER_FILES.items():
        if os.path.exists(root / file):  # False also where this user may not look
            return name
    manager = environment.get("container") or _text(root / "run/systemd/container")
    if manager.strip():
        return manager.strip()
    groups = _text(root / "proc/self/cgroup")
    return next((name for word, name in CONTAINER_WORDS.items() if f"/{word}" in groups), None)


def _has_hypervisor_flag(root: Path) -> bool:
    for line in _text(root / "proc/cpuinfo").splitlines():
        if line.startswith("flags"):
            return "hypervisor" in line.split()
    return False


def _is_x86(root: Path) -> bool:
    return any(line.startswith("flags") for line in _text(root / "proc/cpuinfo").splitlines())


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
