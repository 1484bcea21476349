"""The ``graph`` block: how the neighbours of each node are chosen."""

from typing import Literal

from pydantic import Field

from wattshed.config.block import Block


class GraphBlock(Block):
    method: Literal["auto", "metadata", "load_shape", "edges"] = Field(
        default="auto",
        description="`metadata`: the study's weighted similarity of place, power and tariff; `load_shape`: "
        "nearest hour-of-week profiles of the training part; `edges`: the source's edge list; `auto`: edges "
        "if the source has them, else metadata if the node table has its columns, else load_shape.",
    )
    neighbours: int = Field(default=10, ge=1, le=512, description="K nearest neighbours of each node.")
    geography_weight: float = Field(
        default=0.5, ge=0, le=1, description="Weight of the same place (metadata)."
    )
    power_weight: float = Field(
        default=0.3, ge=0, le=1, description="Weight of similar contracted power (metadata)."
    )
    tariff_weight: float = Field(default=0.2, ge=0, le=1, description="Weight of the same tariff (metadata).")
    seed: int = Field(default=1, ge=0, description="Seed of the hash that breaks ties and shuffles graphs.")
    minimum_weight: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Edges with a smaller weight are dropped, after both directions are added and before "
        "the adjacency is "
        "normalised; 0 drops none.",
    )
