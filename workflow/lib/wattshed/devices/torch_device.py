"""Where networks run."""

from collections.abc import Callable
from typing import Literal

import torch

from wattshed.devices.gpu_indices import torch_index_of
from wattshed.foundation.faults import Fault


def choose_device(name: Literal["cpu", "cuda"]) -> torch.device:
    """The device of that name; raises :class:`Fault` if there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise Fault(
            "device is 'cuda', but torch finds no GPU on this machine: set device to cpu in the "
            "configuration, or install a CUDA build of torch."
        )
    return torch.device(name)


def device_of_gpu(nvml_index: int) -> torch.device:
    """Torch's device of the GPU that NVML numbers ``nvml_index``.

    Raises :class:`Fault` if that GPU is not visible to this process.
    """
    choose_device("cuda")
    uuids = [
        str(uuid)
        for number in range(torch.cuda.device_count())
        if (uuid := getattr(torch.cuda.get_device_properties(number), "uuid", None)) is not None
    ]
    return torch.device("cuda", torch_index_of(nvml_index, uuids))


def synchroniser(device: torch.device) -> Callable[[], None]:
    """A function that waits until the device has finished its work; the meter calls it at both ends of a window."""
    if device.type == "cuda":
        return torch.cuda.synchronize
    return lambda: None
