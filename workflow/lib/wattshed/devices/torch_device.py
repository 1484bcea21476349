"""Where networks run."""

from collections.abc import Callable
from typing import Literal

import torch

from wattshed.foundation.faults import Fault


def choose_device(name: Literal["cpu", "cuda"]) -> torch.device:
    """The asked device; raises :class:`Fault` where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise Fault(
            "device is 'cuda', but torch finds no GPU on this machine: set device to cpu in the "
            "configuration, or install a CUDA build of torch."
        )
    return torch.device(name)


def synchroniser(device: torch.device) -> Callable[[], None]:
    """What the meter calls at its edges: waits until the device has done what it was given."""
    if device.type == "cuda":
        return torch.cuda.synchronize
    return lambda: None
