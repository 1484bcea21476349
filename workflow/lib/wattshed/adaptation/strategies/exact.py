"""The strategy ``exact``: each month is learned in closed form, as if the model were solved on all data so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class ExactBlock(StrategyBlock):
    learns_by_steps: ClassVar[bool] = False

    kind: Literal["exact"] = Field(
        description="Adds the new month to the sums of a closed form and solves it again; it forgets nothing."
    )


class Exact:
    Settings = ExactBlock
    asks: frozenset[Offer] = frozenset({Offer.EXACT_UPDATES})
    control = False

    def start(self, settings: ExactBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.solved import Solved

        return Solved(context)


STRATEGY = Exact()
