"""Why a machine shows no RAPL counters, and what to do: containers and virtual machines have answers of their own."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from wattshed.devices.absence import Absence
from wattshed.devices.surroundings import WSL, container, virtual_machine

# Another folder that holds powercap's zones, for containers whose engine hides the usual one.
VARIABLE = "WATTSHED_POWERCAP"
DEVICES = "/sys/devices/virtual/powercap"
# Engines hide DEVICES, and hide also what is mounted there: hence another place.
MOUNT = f"-v {DEVICES}:/powercap:ro -e {VARIABLE}=/powercap"
SHOW_COUNTERS = {
    "Podman": f"start the container with `--security-opt unmask={DEVICES}`, or with `{MOUNT}`",
    "Kubernetes": (
        f"mount the host's {DEVICES} at /powercap (a hostPath volume, read-only) and set {VARIABLE}=/powercap; as with "
        f"Docker's `{MOUNT}`"
    ),
    "Apptainer": f"start the container with `--bind {DEVICES}`",
}
ANY_ENGINE = f"start the container with `{MOUNT}`, as a user who may read it (Docker's default, root, may)"
ESTIMATED = (
    "here energy is estimated: give the processor's power (energy.metering.cpu_power_w, or --cpu-power-w)"
)
MODULE = "load the kernel module: `sudo modprobe intel_rapl_msr` (AMD's processors too, from Linux 5.8 on)"
X86 = ("x86_64", "amd64", "i386", "i686")


def without_zones(root: Path) -> Absence:
    """For a machine on which ``root`` holds no zone of a processor."""
    nothing = f"rapl: no such zone below {root}"
    engine, machine = container(), virtual_machine()
    dangling = [link for link in sorted(root.glob("intel-rapl*")) if _is_dangling(link)]
    if dangling:
        reason = f"{nothing}: {dangling[0]} leads nowhere, because the container's engine hides {DEVICES}"
        return Absence(reason, SHOW_COUNTERS.get(engine or "", ANY_ENGINE))
    if platform.system() != "Linux":
        return Absence(f"{nothing}: {platform.system()} has no powercap", ESTIMATED)
    if machine == WSL:
        reason = f"{nothing}: this is WSL, a virtual machine, and Windows hides RAPL from it"
        return Absence(reason, f"measure in a Linux that runs on the machine itself; {ESTIMATED}")
    if machine:
        reason = f"{nothing}: this is a virtual machine ({machine}), and hypervisors hide RAPL"
        remedy = (
            f"measure on the host or on a bare-metal machine; {ESTIMATED}; only if the host passes RAPL through, load "
            "the kernel module intel_rapl_msr"
        )
        return Absence(reason, remedy)
    if platform.machine().lower() not in X86:
        return Absence(f"{nothing}: processors of the kind {platform.machine()} have no RAPL", ESTIMATED)
    if engine:
        return Absence(f"{nothing}, in this container", SHOW_COUNTERS.get(engine, ANY_ENGINE))
    return Absence(nothing, MODULE)


def refused(root: Path, file: Path, needed: Sequence[Path]) -> Absence:
    """For a file that this user may not read. needed: all files that the sensor reads; the advice names every one that
    is closed, so that following it once is enough."""
    closed = sorted({path.name for path in (file, *needed) if _is_closed(path)} | {file.name})
    folder = file.parent
    where = "on the host, run" if container() else "run"
    if _is_shut(folder):
        command = f"sudo chmod a+rx {folder}"
    else:
        command = "sudo chmod a+r " + " ".join(f"{root}/intel-rapl:*/{name}" for name in closed)
    return Absence(
        f"rapl: {file} may not be read (Permission denied)",
        f"{where} `{command}` (a udev rule keeps that over a restart), or start zeusd as root and set ZEUSD_SOCK_PATH",
    )


def _is_dangling(link: Path) -> bool:
    try:
        link.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _is_closed(file: Path) -> bool:
    try:
        file.read_text(encoding="ascii")
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _is_shut(folder: Path) -> bool:
    """Whether the folder itself may not be entered, so that the modes of its files do not matter."""
    try:
        (folder / "name").stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return False
