"""Low rank: weight matrices as products of two thin matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method, units_before
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.forecast.network import Network


class LowRankSettings(VariantBlock):
    method: Literal["low_rank"] = Field(
        description="Truncated singular value decomposition of every weight matrix that becomes smaller by it."
    )
    rank: int = Field(ge=1, description="Columns of the thin matrices, rank of their product.")


class LowRank(Method):
    Settings = LowRankSettings
    asks = frozenset({Offer.LINEAR_MAPS})
    keeps = frozenset({Offer.UPDATES})

    def make(self, network: Network, settings: LowRankSettings) -> Network:
        """A copy whose linear and recurrent layers are of low rank if that saves weights.

        A matrix [out, in] is replaced where rank * (in + out) < in * out.
        Source: Eckart and Young 1936, the best approximation of a given rank in the Frobenius norm.
        """
        from wattshed.compression.methods.low_rank_layers import thin_layers

        replaced = thin_layers(network.linear_maps(), settings.rank)
        if not replaced:
            raise Fault(
                f"rank {settings.rank} makes no layer of {type(network).__name__} smaller: expected "
                "rank * (inputs + outputs) < inputs * outputs for at least one weight matrix; choose a lower rank."
            )
        return network.with_maps(replaced)

    def check(self, settings: LowRankSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        units = units_before(model, earlier)
        # The largest matrix of a GRU is [3 units, units].
        if units is not None and 4 * settings.rank >= 3 * units:
            raise ValueError(
                f"rank is {settings.rank}; expected less than {3 * units / 4:g}, three quarters of the {units} "
                "units: from there on the two thin matrices have more weights than the one that they replace"
            )


METHOD = LowRank()
