"""The ``models`` block: what the blocks of all model families share. Each family adds its own keys in its module."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from wattshed.config.block import Block
from wattshed.config.plugin_block import read_block


class ModelBlock(Block):
    """A trained model: its family, its recipe and its graph."""

    form: str = Field(description="The model family; it decides which further keys there are.")
    recipe: str | None = Field(description="Name of one of the `recipes`.")
    graph: Literal["given", "shuffled"] = Field(
        default="given",
        description="`shuffled` renames the nodes at random: the control for the graph's use.",
    )
    minimum_edge_weight: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="This model's graph loses its edges of a smaller weight and is normalised again, beside what "
        "`graph.minimum_weight` drops for all models; 0 drops none.",
    )
    engine: Literal["auto", "torch"] | None = Field(
        default=None,
        description="Back end of this model's training, of all steps after it and of their comparison; empty means the "
        "study's. `torch` is the control for the kernel's use.",
    )


def read_model(given: Mapping[str, Any]) -> ModelBlock:
    """The block of one model, read by its family.

    Raises :class:`ValueError` for an unknown form, and pydantic's ``ValidationError`` for wrong keys.
    """
    block: ModelBlock = read_block("family", "form", given)
    return block
