"""Weights in 16 bits, which are widened when a checkpoint is read: its file halves, its arithmetic stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.forecast.network import Network


class HalfWeightsSettings(VariantBlock):
    method: Literal["half_weights"] = Field(
        description="Trained weights are stored in 16 bits and computed with in float32."
    )
    format: Literal["bf16", "fp16"] = Field(
        default="bf16",
        description="`bf16`: float32's range with 8 significant bits; `fp16`: 11 significant bits up to 65,504.",
    )
    fine_tune_steps: Literal[0] = Field(
        default=0, description="Rounded weights are not trained further: 0 is the only value."
    )


class HalfWeights(Method):
    Settings = HalfWeightsSettings
    asks = frozenset({Offer.LINEAR_MAPS})
    # Training would leave the rounded values.
    keeps = frozenset[Offer]()

    def make(self, network: Network, settings: HalfWeightsSettings) -> Network:
        """A copy whose trained weights are rounded to the format, and stored in it.

        In use they are float32, so that a kernel takes the network as before: a forecast costs the same. Parts that
        were solved in closed form stay in float32, because their weights nearly cancel each other.
        Raises :class:`Fault` if a weight is beyond the format's range.
        """
        from wattshed.compression.methods.half_storage import rounded

        return rounded(network, settings.format)

    def skeleton(self, network: Network, settings: HalfWeightsSettings) -> Network:
        from wattshed.compression.methods.half_storage import stored_in

        return stored_in(network, settings.format)


METHOD = HalfWeights()
