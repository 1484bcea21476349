"""The strategy ``frozen``: the network is not updated. It is the control of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class FrozenBlock(StrategyBlock):
    learns_by_steps: ClassVar[bool] = False

    kind: Literal["frozen"] = Field(description="Not updated: the control.")


class Frozen:
    Settings = FrozenBlock
    asks: frozenset[Offer] = frozenset()
    control = True

    def start(self, settings: FrozenBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.no_updates import NoUpdates

        return NoUpdates(context)


STRATEGY = Frozen()
