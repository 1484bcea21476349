"""The mechanism ``gradient_offload``: gradients wait for the update in host memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    import torch

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network
    from wattshed.memory.gradients import Gradients


class GradientOffloadBlock(MechanismBlock):
    kind: Literal["gradient_offload"] = Field(
        default="gradient_offload",
        description="Each gradient is copied to host memory as soon as it is known, freed on the GPU, and brought back "
        "for clipping and the update, one by one. It needs `device: cuda`.",
    )


class GradientOffload(Mechanism):
    """Works with clipping and accumulation; the weights are the same to the bit.

    The source's offloader copies gradients and leaves the originals in place; here they are freed. Source: Ren et al.
    2021 (ZeRO-Offload), without its optimiser on the CPU.
    """

    Settings = GradientOffloadBlock
    source_name = "Adaptive Gradient Offloading (AGO)"
    gradients = "equal"

    def check(
        self,
        settings: GradientOffloadBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        if "gradient_release" in others:
            raise ValueError(
                "gradient_release has freed every gradient before it could wait; expected one of the two"
            )
        if recipe.precision == "fp16":
            raise ValueError(
                "the recipe's precision is fp16, whose loss scaling looks at all gradients on the GPU at once; "
                "expected bf16 or fp32"
            )

    def check_device(self, settings: Any, device: str) -> None:
        if device != "cuda":
            raise ValueError(
                f"the device is {device}, whose memory is the host's, so that a copy there saves nothing; expected "
                "device: cuda; without one take gradient_release, which needs clip_norm: null and accumulate: 1, or "
                "leave the mechanism out"
            )

    def gradients_of(
        self, settings: Any, network: Network, optimiser: torch.optim.Optimizer
    ) -> Gradients | None:
        from wattshed.memory.mechanisms.offloaded_gradients import OffloadedGradients

        return OffloadedGradients(network, optimiser)


MECHANISM = GradientOffload()
