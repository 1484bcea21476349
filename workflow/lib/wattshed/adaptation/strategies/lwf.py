"""The strategy ``lwf``: the network keeps to its own earlier forecasts of the new month, learning without forgetting
(Li and Hoiem 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class LwfBlock(StrategyBlock):
    kind: Literal["lwf"] = Field(
        description="Learns the new month, and keeps to the forecasts of it by the network before the month."
    )
    output_weight: float = Field(
        default=0.5,
        gt=0,
        description="Weight of the mean squared difference from the earlier network's forecasts.",
    )


class Lwf:
    Settings = LwfBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: LwfBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.own_teacher import OwnTeacher

        return OwnTeacher(context, settings.output_weight)


STRATEGY = Lwf()
