"""Structured pruning: the least important units are removed, not masked."""

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


class PruneSettings(VariantBlock):
    method: Literal["prune"] = Field(description="Structured pruning: recurrent units are removed.")
    keep_share: float = Field(gt=0, lt=1, description="Share of the recurrent units that is kept.")


class Prune(Method):
    Settings = PruneSettings
    asks = frozenset({Offer.PRUNABLE_UNITS})
    keeps = frozenset(Offer)

    def make(self, network: Network, settings: PruneSettings) -> Network:
        """A network with only the most important units. The family defines importance and removal."""
        units = network.prunable_units()
        if units is None:
            raise Fault(
                f"{type(network).__name__} has no units that can be removed: expected a network with a plain GRU; "
                "choose another method."
            )
        count = len(units.importance)
        kept = round(count * settings.keep_share)
        if not 1 <= kept < count:
            raise Fault(_refusal(settings, count))
        return units.keep(units.importance.topk(kept).indices.sort().values)

    def check(self, settings: PruneSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        units = units_before(model, earlier)
        if units is not None and not 1 <= round(units * settings.keep_share) < units:
            raise ValueError(_refusal(settings, units))

    def units_left(self, settings: PruneSettings, units: int) -> int:
        return round(units * settings.keep_share)


def _refusal(settings: PruneSettings, units: int) -> str:
    kept = round(units * settings.keep_share)
    return (
        f"keep_share {settings.keep_share:g} keeps {kept} of {units} units: expected a share that keeps at least one "
        "unit and removes at least one"
    )


METHOD = Prune()
