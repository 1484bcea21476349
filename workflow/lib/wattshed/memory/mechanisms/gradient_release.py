"""The mechanism ``gradient_release``: the optimiser runs inside the backward pass, and frees each gradient at once."""

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

# What keeps all gradients for clipping and sums; it needs a second memory.
ON_A_GPU = ", or, with device: cuda, gradient_offload"


class GradientReleaseBlock(MechanismBlock):
    kind: Literal["gradient_release"] = Field(
        default="gradient_release",
        description="Each weight is updated as soon as its gradient is known, which is then freed. It needs "
        "`clip_norm: null`, `accumulate: 1` and no loss scaling, which need all gradients at once.",
    )


class GradientRelease(Mechanism):
    """At most the gradients of one layer are alive, and not those of all layers. The weights are the same to the bit.

    Source: Pudipeddi et al. 2020; Lv et al. 2023 (LOMO) for the fused update.
    """

    Settings = GradientReleaseBlock
    source_name = "Adaptive Gradient Offloading (AGO)"
    gradients = "equal"
    frees_gradients = True

    def check(
        self,
        settings: GradientReleaseBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        if recipe.clip_norm is not None:
            raise ValueError(
                f"the recipe's clip_norm is {recipe.clip_norm:g}, a limit on the norm of all gradients, and each is "
                f"freed before the others are known; expected clip_norm: null{ON_A_GPU}"
            )
        if recipe.accumulate > 1:
            raise ValueError(
                f"the recipe's accumulate is {recipe.accumulate}, which sums gradients over batches, and each is freed "
                f"after one; expected accumulate: 1{ON_A_GPU}"
            )
        if "accumulation" in others:
            raise ValueError(
                "the mechanism accumulation sums gradients over parts of a batch, and each is freed after one; "
                f"expected one of the two{ON_A_GPU}"
            )
        if recipe.precision == "fp16":
            raise ValueError(
                "the recipe's precision is fp16, whose loss scaling looks at all gradients before the update; expected "
                "bf16 or fp32"
            )

    def gradients_of(
        self, settings: Any, network: Network, optimiser: torch.optim.Optimizer
    ) -> Gradients | None:
        from wattshed.memory.mechanisms.released_gradients import ReleasedGradients

        return ReleasedGradients(network, optimiser)


MECHANISM = GradientRelease()
