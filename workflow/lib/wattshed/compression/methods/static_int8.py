"""Static int8: weights and activations in int8, with scales that are fixed on the training part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.forecast.network import Network


class StaticInt8Settings(VariantBlock):
    method: Literal["static_int8"] = Field(
        description="Int8 weights and activations, whose ranges are fixed on the training part."
    )
    pairs: int = Field(
        default=4096,
        ge=1,
        le=1_000_000,
        description="(node, window) pairs of the training part that the ranges are read from.",
    )
    observer: Literal["minmax", "percentile"] = Field(
        default="minmax",
        description="`minmax`: the whole range that was seen; `percentile`: without the rarest values at both ends, "
        "which saturate.",
    )
    percentile: float = Field(
        default=99.99,
        gt=50,
        le=100,
        description="Share of the values that a range of `percentile` holds [%]; `minmax` does not read it.",
    )
    fine_tune_steps: Literal[0] = Field(
        default=0, description="Int8 weights cannot be trained: 0 is the only value."
    )


class StaticInt8(Method):
    Settings = StaticInt8Settings
    asks = frozenset({Offer.LINEAR_MAPS})
    keeps = frozenset[Offer]()

    def make_from(self, making: Making, settings: StaticInt8Settings) -> Network:
        """A copy with int8 weights and, at the inputs of every linear map, int8 activations of a fixed scale.

        A GRU or LSTM becomes two linear maps and a loop: its inputs of all hours are one product, its state one per
        hour. Gates are computed in float32. Source of the scheme: Jacob et al. 2018.
        Raises :class:`NotAvailable` off the processor, and where torch has no such operator.
        """
        from wattshed.compression.methods.calibration import calibrated
        from wattshed.compression.methods.static_int8_layers import refuse_unavailable, static_maps

        maps = making.network.linear_maps()
        if maps:
            refuse_unavailable(making.network)
        share = settings.percentile / 100 if settings.observer == "percentile" else None
        return making.network.with_maps(static_maps(calibrated(making, settings.pairs, share)))

    def skeleton(self, network: Network, settings: StaticInt8Settings) -> Network:
        from wattshed.compression.methods.calibration import unrolled_maps
        from wattshed.compression.methods.static_int8_layers import static_maps

        return network.with_maps(static_maps(unrolled_maps(network)))


METHOD = StaticInt8()
