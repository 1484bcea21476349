"""What to do about each error with which NVML refuses to open."""

from __future__ import annotations

from typing import Any

from wattshed.devices.present_gpus import NVIDIA, count_present
from wattshed.devices.surroundings import WSL, container, virtual_machine

DRIVER = "nothing if the machine has no NVIDIA GPU; else install its driver"
RELOAD = (
    "restart the machine; or end the programs that use the GPU, run `sudo rmmod nvidia_drm nvidia_modeset nvidia_uvm "
    "nvidia` and `sudo modprobe nvidia`"
)
RESTART_CONTAINER = (
    "restart the container: it still has the files of the driver that the host had at its start"
)
WITH_GPUS = {
    "Docker": "start the container with `--gpus all` (needs the NVIDIA Container Toolkit on the host)",
    "Podman": "start the container with `--device nvidia.com/gpu=all` (needs the NVIDIA Container Toolkit on the host)",
    "Kubernetes": "ask for the GPU in the pod's resources, `limits: {nvidia.com/gpu: 1}`",
    "Apptainer": "start the container with `--nv`",
}
ANY_CONTAINER = "start the container with access to the GPU, such as Docker's `--gpus all`"
LOST_DEVICES = (
    "restart the container: the host's systemd took the GPU from it when it reloaded; for good, start it with "
    "`--device=/dev/nvidia0 --device=/dev/nvidiactl --device=/dev/nvidia-uvm`"
)


def remedy_for(error: Exception, nvml: Any) -> str:
    """What to do about NVML's error at its opening, on this machine."""
    code = getattr(error, "value", None)
    engine = container()
    if code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return f"{RESTART_CONTAINER}; if that fails, {RELOAD} on the host" if engine else RELOAD
    if not count_present(NVIDIA):
        return _without_gpu(engine)
    if code == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        if engine:
            return WITH_GPUS.get(engine, ANY_CONTAINER)
        return (
            "install NVIDIA's driver, of which NVML is a part (Debian, Ubuntu: `sudo apt install nvidia-driver`, or "
            "`sudo ubuntu-drivers install`)"
        )
    if code == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        if engine:
            return f"run `sudo modprobe nvidia` on the host, then {WITH_GPUS.get(engine, ANY_CONTAINER)}"
        return (
            "run `sudo modprobe nvidia`; if the kernel was updated, install its headers and the driver again, and "
            "under Secure Boot sign the module"
        )
    if code == nvml.NVML_ERROR_NO_PERMISSION:
        return "ask the administrator for the right to use /dev/nvidia*, or in a batch job for a GPU (--gres=gpu:1)"
    if code == nvml.NVML_ERROR_UNKNOWN and engine:
        return LOST_DEVICES
    if code == nvml.NVML_ERROR_GPU_IS_LOST:
        return "restart the machine: a GPU has fallen off the bus (`sudo dmesg | grep Xid` tells why)"
    if code == nvml.NVML_ERROR_FUNCTION_NOT_FOUND:
        return "update NVIDIA's driver: it is older than the installed nvidia-ml-py"
    return "restart the machine, or install NVIDIA's driver again"


def _without_gpu(engine: str | None) -> str:
    if virtual_machine() == WSL:
        return "nothing if the machine has no NVIDIA GPU; else install NVIDIA's driver in Windows, not in WSL"
    if engine:
        return f"nothing if the machine has no NVIDIA GPU; else {WITH_GPUS.get(engine, ANY_CONTAINER)}"
    return DRIVER
