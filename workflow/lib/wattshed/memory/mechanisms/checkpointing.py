"""The mechanism ``checkpointing``: parts of the forward pass are computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    from wattshed.forecast.network import Network

Group = Literal["graph", "attention", "recurrent", "feed_forward"]


class CheckpointingBlock(MechanismBlock):
    kind: Literal["checkpointing"] = Field(
        default="checkpointing",
        description="Activations of costly parts are not kept for the backward pass, but computed again in it.",
    )
    groups: list[Group] = Field(
        default=[],
        description="Which parts: `graph`, `attention`, `recurrent`, `feed_forward`; empty means all that the network "
        "has.",
    )
    keep: Literal["nothing", "products"] = Field(
        default="nothing",
        description="`products` keeps the results of matrix products inside a part and computes only the rest again: "
        "less time, more memory. Recurrent parts keep none, whose layers change the results in place.",
    )
    chunk_steps: int = Field(
        default=24,
        ge=0,
        description="Steps of the panel that a recurrent network computes again at once; only its states between them "
        "are kept. 0 computes all of them again at once. The earlier name `chunk_h` is still read.",
    )

    @model_validator(mode="before")
    @classmethod
    def _earlier_name(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "chunk_h" in given and "chunk_steps" not in given:
            return {("chunk_steps" if key == "chunk_h" else key): value for key, value in given.items()}
        return given


class Checkpointing(Mechanism):
    """Source: Chen et al. 2016; the selective form: Korthikanti et al. 2023.

    The same operations run on the same inputs, with the random numbers of the first time: gradients are equal to the
    bit. Recurrent networks in chunks add up their weights' gradients in another order, and are equal to rounding; their
    dropout draws other masks.
    """

    Settings = CheckpointingBlock
    asks = frozenset({Offer.RECOMPUTED_PARTS})
    source_name = "Hierarchical Temporal Activation Adaptive Swapping (HTAAS)"
    gradients = "equal"
    needs_graph: ClassVar[bool] = True

    def apply(self, network: Network, settings: CheckpointingBlock, seed: int) -> Network:
        from wattshed.memory.mechanisms.recomputing import recompute

        recompute(
            network,
            settings.groups,
            keeps_products=settings.keep == "products",
            chunk_steps=settings.chunk_steps,
        )
        return network


MECHANISM = Checkpointing()
