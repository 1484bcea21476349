"""Hot and cold units: the units of least measured activation are removed, and their mean is kept in biases."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wattshed.compression.methods.prune import RemovalBlock, Removing


class HotColdSettings(RemovalBlock):
    method: Literal["hot_cold"] = Field(
        description="Units are ranked by their measured activation on the training part, and the coldest are removed."
    )
    keep_share: float = Field(default=0.8, gt=0, lt=1, description="Share of the units that is kept as hot.")
    importance: Literal["mean_size", "active_share"] = Field(  # type: ignore[assignment]
        default="mean_size",
        description="`mean_size`: mean absolute value of the unit; `active_share`: share of its active values.",
    )
    fold_mean: bool = Field(
        default=True,
        description="Whether the mean value of a removed unit is added to the biases that read it.",
    )
    active_above: float = Field(
        default=0.1,
        gt=0,
        description="A value is active above this many times the mean absolute value of the units of its layer.",
    )
    cold_below: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="A unit is cold that is active in less than this share of its values. Their share is noted beside "
        "the result; how many units are removed is `keep_share` alone, because shapes must not depend on data.",
    )


class HotCold(Removing):
    Settings = HotColdSettings


METHOD = HotCold()
