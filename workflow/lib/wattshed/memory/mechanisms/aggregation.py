"""Aggregation: graph attention's sums over edges without a message for each edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    from wattshed.forecast.network import Network


class AggregationBlock(MechanismBlock):
    kind: Literal["aggregation"] = Field(
        description="Sums over the edges of graph attention without a message for each edge; the result is the same."
    )
    kernel: Literal["auto", "dense", "streamed"] = Field(
        default="auto",
        description="`dense`: a matrix of attention for each graph and head, for small or dense graphs; `streamed`: "
        "chunks of edges, for large sparse graphs; `auto`: the former if at least one in 16 pairs of nodes is an edge.",
    )


class Aggregation(Mechanism):
    Settings = AggregationBlock
    asks = frozenset({Offer.AGGREGATION})
    gradients = "close"

    def apply(self, network: Network, settings: AggregationBlock, seed: int) -> Network:
        for name in network.memory_parts().aggregations:
            layer: Any = network.get_submodule(name)
            layer.aggregation = settings.kernel
        return network


MECHANISM = Aggregation()
