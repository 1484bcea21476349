"""Dropping features of a model that is linear in them; the rest is solved again in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import DroppableFeatures, Network


class DropFeaturesSettings(VariantBlock):
    method: Literal["drop_features"] = Field(
        description="The least useful features are dropped, and the rest is solved again."
    )
    keep_share: float = Field(ge=0.01, lt=1, description="Share of the features that is kept.")
    fine_tune_steps: Literal[0] = Field(
        default=0,
        description="Always 0: the rest is solved in closed form, and nothing is left to fine-tune.",
    )

    def kept(self, count: int) -> int:
        """How many of ``count`` features are kept."""
        return round(count * self.keep_share)

    def misfit(self, count: int) -> str | None:
        """Why features cannot be dropped from ``count`` by these settings; None if they can."""
        kept = self.kept(count)
        if 1 <= kept < count:
            return None
        return (
            f"keep_share {self.keep_share:g} keeps {kept} of {count} features: expected a share that keeps at least "
            "one feature and drops at least one"
        )


class DropFeatures(Method):
    Settings = DropFeaturesSettings
    asks = frozenset({Offer.FEATURES})
    keeps = frozenset({Offer.EXACT_UPDATES, Offer.FEATURES})

    def make(self, network: Network, settings: DropFeaturesSettings) -> Network:
        """The same model with its most useful features; the family defines what is useful."""
        features = _features(network)
        return features.keep(_kept(features, settings))

    def skeleton(self, network: Network, settings: DropFeaturesSettings) -> Network:
        features = _features(network)
        return features.skeleton(_kept(features, settings))

    def check_sizes(
        self,
        settings: DropFeaturesSettings,
        model: ModelBlock,
        earlier: Sequence[object],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        """For families that count their features."""
        counted = getattr(plugins.load("family", model.form), "feature_count", None)
        if counted is None:
            return
        count: int = counted(model, windows)
        for step in earlier:
            if isinstance(step, DropFeaturesSettings):
                count = step.kept(count)
        if reason := settings.misfit(count):
            raise ValueError(reason)


def _features(network: Network) -> DroppableFeatures:
    found = network.droppable_features()
    if found is None:
        raise Fault(
            f"{type(network).__name__} has no features that can be dropped, or no sums to solve it again with: "
            "expected a pooled_ridge that keeps its sums; choose another method."
        )
    return found


def _kept(features: DroppableFeatures, settings: DropFeaturesSettings) -> int:
    kept = settings.kept(features.count)
    if reason := settings.misfit(features.count):
        raise Fault(f"{reason}; change the variant.")
    return kept


METHOD = DropFeatures()
