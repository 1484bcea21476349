"""Magnitude pruning by a mask: weights become zero, shapes stay. The control for structured pruning."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.masked import SCOPE, Masking, Scope, refuse_empty_matrix, refuse_rounds
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class MaskSettings(VariantBlock):
    method: Literal["mask"] = Field(
        description="Unstructured magnitude pruning: the smallest weights are set to zero. Shapes, bytes and speed "
        "stay."
    )
    keep_share: float = Field(gt=0, lt=1, description="Share of the weights that is kept; biases all stay.")
    scope: Scope = Field(default="layer", description=SCOPE)


class Mask(Masking):
    Settings = MaskSettings

    def make(self, network: Network, settings: MaskSettings) -> Network:
        """A copy whose smallest weights are zero (Han et al. 2015)."""
        from wattshed.compression.methods.masks import apply, largest, whole

        result = copy.deepcopy(network)
        what = f"keep_share {settings.keep_share:g}"
        apply(result, largest(result, settings.keep_share, settings.scope, whole(result), what))
        return result

    def check(self, settings: MaskSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        if settings.scope == "layer":
            refuse_empty_matrix("keep_share", settings.keep_share, model, earlier)

    def check_sizes(
        self,
        settings: MaskSettings,
        model: ModelBlock,
        earlier: Sequence[object],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        what = f"keep_share {settings.keep_share:g}"
        refuse_rounds(what, settings.keep_share, settings.scope, 1, model, earlier, windows)


METHOD = Mask()
