"""The strategy ``replay``: each month is mixed with a memory of all that was learned before (Rolnick et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.adaptation.strategies.memory_block import MemoryBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class ReplayBlock(MemoryBlock):
    kind: Literal["replay"] = Field(description="Mixes the new month with a memory of earlier data.")
    replay_share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Share of each batch that comes from the memory; at least one example comes from each.",
    )


class Replay:
    Settings = ReplayBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings: ReplayBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.replayed import Replayed

        return Replayed(context, settings.replay_share, settings)


STRATEGY = Replay()
