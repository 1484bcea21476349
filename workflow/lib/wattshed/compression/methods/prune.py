"""Structured pruning: the least important units or channels are removed, not masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import (
    Method,
    channels_before,
    feed_forward_units_before,
    units_before,
)
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.forecast.network import Network

Removable = Literal["units", "channels"]


class RemovalBlock(VariantBlock):
    """What is removed, and how its importance is measured."""

    keep_share: float = Field(
        gt=0, lt=1, description="Share of the units, or channels, that is kept; of both each for itself."
    )
    what: Literal["units", "channels", "both"] = Field(
        default="units",
        description="`units` of the recurrent layer, `channels` between the graph layer and it, or `both`; of a "
        "transformer, `units` of each block's feed-forward network.",
    )
    importance: Literal["norm", "taylor", "activation"] = Field(
        default="norm",
        description="`norm`: L2 norm of the weights that make or read a unit; `taylor`: change of the loss to first "
        "order if no layer reads the unit, |value * gradient| summed over reads (Molchanov et al. 2017); `activation`: "
        "root mean square of the unit's values. The last two come from calibration pairs, and with `fold_mean` values "
        "count from their mean.",
    )
    fold_mean: bool = Field(
        default=False,
        description="Whether the mean value of what is removed is added to the biases of the layers that read it.",
    )
    calibration_pairs: int = Field(
        default=2048,
        ge=1,
        description="(node, window) pairs of the training part for `taylor`, `activation` and `fold_mean`.",
    )

    @property
    def parts(self) -> tuple[Removable, ...]:
        return ("units", "channels") if self.what == "both" else (self.what,)

    @property
    def needs_data(self) -> bool:
        return self.fold_mean or self.importance != "norm"

    def kept(self, count: int) -> int:
        """How many of ``count`` units, or channels, are kept in the end."""
        return round(count * self.keep_share)

    def counts(self, count: int) -> list[int]:
        """How many are kept after each round."""
        return [self.kept(count)]

    @property
    def steps_between(self) -> int:
        """Gradient steps after each round but the last."""
        return 0

    def misfit(self, count: int, part: Removable) -> str | None:
        """Why ``count`` units, or channels, cannot be pruned by these settings; None if they can."""
        kept = self.kept(count)
        if 1 <= kept < count:
            return None
        return (
            f"keep_share {self.keep_share:g} keeps {kept} of {count} {part}: expected a share that keeps at least one "
            f"{part.removesuffix('s')} and removes at least one"
        )


class PruneSettings(RemovalBlock):
    method: Literal["prune"] = Field(description="Structured pruning at once: units or channels are removed.")


class Removing(Method):
    """What all methods share that remove units or channels."""

    asks = frozenset({Offer.PRUNABLE_UNITS})
    keeps = frozenset(Offer)

    def make(self, network: Network, settings: RemovalBlock) -> Network:
        """A network with only the most important units or channels; only where their norm decides."""
        if settings.needs_data:
            raise Fault(
                f"importance {settings.importance!r} with fold_mean {settings.fold_mean} needs calibration data: "
                "expected importance norm without fold_mean, or a call of make_from."
            )
        return self.skeleton(network, settings)

    def make_from(self, making: Making, settings: RemovalBlock) -> Network:
        from wattshed.compression.methods.removal import removed

        return removed(making, settings)

    def skeleton(self, network: Network, settings: RemovalBlock) -> Network:
        from wattshed.compression.methods.removal import removed_by_norm

        return removed_by_norm(network, settings)

    def check(self, settings: RemovalBlock, model: ModelBlock, earlier: Sequence[object]) -> None:
        recurrent = units_before(model, earlier)
        units = feed_forward_units_before(model, earlier) if recurrent is None else recurrent
        counts = {"units": units, "channels": channels_before(model, earlier)}
        family = plugins.load("family", model.form)
        _refuse_parts(settings, model.form, getattr(family, "removable", ("units", "channels")))
        if settings.needs_data and not getattr(family, "watches_units", True):
            raise ValueError(
                f"importance is {settings.importance} and fold_mean {settings.fold_mean}, but the units of the family "
                f"{model.form} are judged by their weights alone; expected importance norm without fold_mean"
            )
        for key in ("recurrent_layers", "graph_layers"):
            layers = getattr(model, key, 1)
            if layers > 1 and (key == "recurrent_layers" or "channels" in settings.parts):
                raise ValueError(
                    f"the model has {key} {layers}, and units and channels of several layers cannot be removed; "
                    "expected 1"
                )
        for part in settings.parts:
            count = counts[part]
            if count is not None and (reason := settings.misfit(count, part)):
                raise ValueError(reason)

    def units_left(self, settings: RemovalBlock, units: int) -> int:
        return settings.kept(units) if "units" in settings.parts else units

    def channels_left(self, settings: RemovalBlock, channels: int) -> int:
        return settings.kept(channels) if "channels" in settings.parts else channels


def _refuse_parts(settings: RemovalBlock, form: str, removable: Sequence[str]) -> None:
    """Raises :class:`ValueError` for what networks of this family do not have."""
    lacking = [part for part in settings.parts if part not in removable]
    if lacking:
        raise ValueError(
            f"what is {settings.what}, but networks of the family {form} have no {lacking[0]} that can be removed; "
            f"expected {' or '.join(removable) or 'another method'}"
        )


class Prune(Removing):
    Settings = PruneSettings


METHOD = Prune()
