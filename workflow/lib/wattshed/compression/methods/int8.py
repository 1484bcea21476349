"""Dynamic int8 quantisation on the processor, where this version of torch has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.forecast.network import Network


class Int8Settings(VariantBlock):
    method: Literal["int8"] = Field(description="Dynamic int8 quantisation of recurrent and linear layers.")
    fine_tune_steps: Literal[0] = Field(
        default=0, description="Int8 weights cannot be trained: 0 is the only value."
    )


class Int8(Method):
    Settings = Int8Settings
    asks = frozenset({Offer.LINEAR_MAPS})
    keeps = frozenset[Offer]()

    def make(self, network: Network, settings: Int8Settings) -> Network:
        """A copy with int8 weights; activations are quantised at run time.

        A graph layer stays in float: with one input channel, int8 saves nothing there.
        Raises :class:`NotAvailable` off the processor, and where torch has no packaged int8 recurrent layers.
        """
        from wattshed.compression.methods.int8_layers import quantised_maps, refuse_unavailable

        maps = network.linear_maps()
        if maps:
            refuse_unavailable(network)
        return network.with_maps(quantised_maps(maps, type(network).__name__))


METHOD = Int8()
