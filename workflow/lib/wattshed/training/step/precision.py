"""The arithmetic of a training step."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class Precision:
    """fp32, or torch's autocast to ``dtype``, with the loss scaled if a ``scaler`` is given.

    Weights, gradients and the optimiser stay in fp32 (mixed precision, Micikevicius et al. 2018).
    """

    device_type: str = "cpu"
    dtype: torch.dtype | None = None
    scaler: torch.amp.GradScaler | None = None

    @classmethod
    def of(cls, name: Literal["fp32", "bf16", "fp16"], device: torch.device) -> "Precision":
        """Raises :class:`Fault` for fp16 without CUDA, and for bf16 on a GPU without it."""
        if name == "fp32":
            return cls(device.type)
        if name == "bf16":
            if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
                raise Fault(
                    f"recipe.precision is bf16, which {torch.cuda.get_device_name(device)} does not compute: expected "
                    "a GPU of compute capability 8.0 or more; take fp32 or fp16, or set device: cpu."
                )
            return cls(device.type, torch.bfloat16)
        if device.type != "cuda":
            raise Fault(
                f"recipe.precision is fp16, but the device is {device.type}: fp16 with loss scaling needs a CUDA GPU; "
                "set device: cuda, or take bf16 or fp32."
            )
        return cls(device.type, torch.float16, torch.amp.GradScaler(device.type))

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which forecasts and losses are computed."""
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(self.device_type, self.dtype)

    def backward(self, loss: Tensor) -> None:
        """Add the loss's gradient, scaled so that fp16 does not round small ones to zero."""
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()

    def unscale(self, optimiser: torch.optim.Optimizer) -> None:
        """Undo the loss's scale in the gradients, before they are checked or clipped."""
        if self.scaler is not None:
            self.scaler.unscale_(optimiser)

    def step(self, optimiser: torch.optim.Optimizer) -> None:
        """Update the weights; a scaled step whose gradients overflowed is skipped, and the scale is lowered."""
        if self.scaler is None:
            optimiser.step()
        else:
            self.scaler.step(optimiser)
            self.scaler.update()


def computes_bf16(device: torch.device) -> bool:
    """Whether the device has instructions for products in bf16; without them bf16 is emulated, and slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
