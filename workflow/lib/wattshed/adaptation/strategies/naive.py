"""The strategy ``naive``: each month is learned without data of earlier months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class NaiveBlock(StrategyBlock):
    kind: Literal["naive"] = Field(description="Learns only from the new month.")


class Naive:
    Settings = NaiveBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: NaiveBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.training.updates import UpdateHooks

        return UpdateHooks(context)


STRATEGY = Naive()
