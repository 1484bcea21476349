"""The strategy ``der``: a memory with targets and with the forecasts of its time, DER++ (Buzzega et al. 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.adaptation.strategies.memory_block import MemoryBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class DerBlock(MemoryBlock):
    kind: Literal["der"] = Field(
        description="Remembers earlier data with the network's forecasts of then, and keeps to both (DER++)."
    )
    output_weight: float = Field(
        default=0.5,
        gt=0,
        description="Weight of the mean squared difference from the remembered forecasts (alpha of the paper).",
    )
    target_weight: float = Field(
        default=0.5,
        ge=0,
        description="Weight of the loss on the remembered targets (beta of the paper); 0 is DER without ++.",
    )


class Der:
    Settings = DerBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: DerBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.dark_memory import DarkMemory

        return DarkMemory(context, settings.output_weight, settings.target_weight, settings)


STRATEGY = Der()
