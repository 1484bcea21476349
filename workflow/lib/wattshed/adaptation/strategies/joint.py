"""The strategy ``joint``: the network is trained on all data so far, the upper bound for others where all data have one
truth (the "joint" or "cumulative" training of Lopez-Paz and Ranzato 2017 and after)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class JointBlock(StrategyBlock):
    kind: Literal["joint"] = Field(
        description="Trains on the base training's data and all months so far. From new weights, empty keys take the "
        "values of the model's recipe."
    )
    continued: bool = Field(
        default=False,
        description="Whether it goes on from the weights that it has, at the pace of the other strategies, instead of "
        "from new ones.",
    )

    @property
    def takes_shared_pace(self) -> bool:
        return self.continued


class Joint:
    Settings = JointBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: JointBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.retrained import Retrained

        return Retrained(context, settings.continued)


STRATEGY = Joint()
