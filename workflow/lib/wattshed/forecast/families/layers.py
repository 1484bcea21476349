"""Keys for width and depth that all recurrent families have, and what their networks offer."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer, SimpleFamily

OFFERS = frozenset({Offer.UPDATES, Offer.PRUNABLE_UNITS, Offer.LINEAR_MAPS, Offer.RECOMPUTED_PARTS})


class LayersBlock(ModelBlock):
    """Width and depth of the graph layer and of the GRU."""

    hidden: int = Field(default=16, ge=1, le=1024, description="Units of each recurrent layer.")
    channels: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Width of the layer before the GRU, which is the graph layer where there is a graph; empty means "
        "as many as `hidden`.",
    )
    recurrent_layers: int = Field(
        default=1,
        ge=1,
        le=4,
        description="Recurrent layers, each on the states of the one before. With more than one, torch computes, and "
        "no units can be pruned.",
    )


@dataclass(frozen=True)
class LayeredFamily(SimpleFamily):
    """A family of networks with a GRU, whose units can be pruned only if it has one layer."""

    def offers(self, settings: LayersBlock) -> frozenset[Offer]:
        offered = super().offers(settings)
        return offered if settings.recurrent_layers == 1 else offered - {Offer.PRUNABLE_UNITS}
