"""The mechanism ``bf16``: forecasts and losses of a training step in bf16, as the recipe's ``precision: bf16``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.memory.mechanisms.protocol import Mechanism, Place

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock


class Bf16Block(MechanismBlock):
    kind: Literal["bf16"] = Field(
        default="bf16",
        description="Products in bf16, so that most activations take half the bytes; the same as the recipe's "
        "`precision: bf16`.",
    )


class Bf16(Mechanism):
    """torch's autocast to bf16; weights, gradients and the optimiser stay in fp32 (Micikevicius et al. 2018)."""

    Settings = Bf16Block
    gradients = "other"
    # The fused kernels compute in fp32.
    needs_graph = True

    def check(
        self,
        settings: Bf16Block,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        if recipe.precision == "fp16":
            raise ValueError(
                "the recipe's precision is fp16, another arithmetic than bf16; expected one of the two: remove the key "
                "precision or this mechanism"
            )

    def why_not_here(self, settings: Any, place: Place) -> str | None:
        if place.computes_bf16:
            return None
        what = "GPU" if place.device == "cuda" else "processor"
        return f"the {what} has no instructions for bf16, which would be slower"

    def precision(self, settings: Any) -> Literal["bf16"]:
        return "bf16"


MECHANISM = Bf16()
