"""The mechanism ``activation_offload``: what is kept for the backward pass waits in host memory, or in a file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    import torch


class ActivationOffloadBlock(MechanismBlock):
    kind: Literal["activation_offload"] = Field(
        default="activation_offload",
        description="Activations leave the device in the forward pass and come back in the backward pass.",
    )
    minimum_mb: float = Field(
        default=1.0,
        ge=0,
        description="Smaller activations stay [MB]: moving them would cost more time than their memory is worth.",
    )
    target: Literal["host", "file"] = Field(
        default="host",
        description="`host`: pinned host memory, which needs `device: cuda`; `file`: a temporary file (in `TMPDIR`), "
        "on any device.",
    )
    prefetch: int = Field(
        default=2,
        ge=0,
        description="How many activations are brought back ahead of their use on a GPU, the last one that was kept "
        "first; 0 brings each when it is asked for.",
    )


class ActivationOffload(Mechanism):
    """Bits are moved, so that gradients are equal to the bit. Weights, and what other tensors keep alive, stay.

    The source's swapper stores a few named tensors beside those that autograd keeps, and frees nothing. Source: Rhu et
    al. 2016 (vDNN); torch's saved-tensor hooks.
    """

    Settings = ActivationOffloadBlock
    source_name = "Hierarchical Temporal Activation Adaptive Swapping (HTAAS)"
    gradients = "equal"
    needs_graph: ClassVar[bool] = True

    def check_device(self, settings: ActivationOffloadBlock, device: str) -> None:
        if settings.target == "host" and device != "cuda":
            raise ValueError(
                f"the device is {device}, whose memory is the host's, so that a copy there saves nothing; expected "
                "device: cuda, or target: file"
            )

    def around_step(
        self, settings: ActivationOffloadBlock, device: torch.device
    ) -> AbstractContextManager[Any]:
        from wattshed.memory.mechanisms.kept_elsewhere import kept_elsewhere

        return kept_elsewhere(
            int(settings.minimum_mb * 1e6), to_file=settings.target == "file", prefetch=settings.prefetch
        )


MECHANISM = ActivationOffload()
