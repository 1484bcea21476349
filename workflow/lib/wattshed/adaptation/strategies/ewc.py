"""The strategy ``ewc``: weights that matter for earlier data are held (Kirkpatrick et al. 2017), in the online form of
Schwarz et al. 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class EwcBlock(StrategyBlock):
    kind: Literal["ewc"] = Field(description="Holds the weights that matter for earlier data.")
    hold: float = Field(
        default=5.0,
        gt=0,
        allow_inf_nan=False,
        description="Weight of the penalty (lambda of the paper), without a unit: at 1, leaving the earlier weights "
        "costs about as much as the loss on the earlier data would rise if errors were independent.",
    )
    gamma: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Share of the importance of all earlier parts that is kept with every further one.",
    )
    fisher_examples: int = Field(
        default=512,
        ge=1,
        description="Examples of each part on which the importance of weights is estimated.",
    )


class Ewc:
    Settings = EwcBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: EwcBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.consolidated import Consolidated

        return Consolidated(context, settings.hold, settings.gamma, settings.fisher_examples)


STRATEGY = Ewc()
