"""The strategy ``ema``: the network used is the moving average of its weights over all updates, as in the temporal
ensembles of Soutif-Cormerais et al. 2023."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class EmaBlock(StrategyBlock):
    kind: Literal["ema"] = Field(
        description="Forecasts with the moving average of the weights over all updates."
    )
    decay: float = Field(
        default=0.99, gt=0, lt=1, description="Share of the average that is kept at every gradient step."
    )


class Ema:
    Settings = EmaBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: EmaBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.averaged import Averaged

        return Averaged(context, settings.decay)


STRATEGY = Ema()
