"""Low rank from scratch: thin matrices in the place of whole ones, trained from initial weights by the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.low_rank import check_rank, check_shapes, refuse_nothing
from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class LowRankScratchSettings(VariantBlock):
    method: Literal["low_rank_scratch"] = Field(
        description="Weight matrices of low rank, trained from initial weights by the model's recipe."
    )
    rank: int = Field(ge=1, description="Columns of the thin matrices, rank of their product.")
    fine_tune_steps: Literal[0] = Field(
        default=0, description="Always 0: the network has a whole training behind it."
    )


class LowRankScratch(Method):
    Settings = LowRankScratchSettings
    asks = frozenset({Offer.LINEAR_MAPS, Offer.UPDATES})
    keeps = frozenset({Offer.UPDATES, Offer.LINEAR_MAPS})
    learns = True
    restarts = True
    # A pruned shape stays. All else of the steps before would be lost.
    restarts_after = frozenset({"prune", "prune_gradually"})

    def make_from(self, making: Making, settings: LowRankScratchSettings) -> Network:
        """A network of the checkpoint's shape with thin matrices, trained on the training part.

        No weight of the checkpoint is used: it is the control of :class:`LowRank`, which begins from them.
        """
        result = self.skeleton(making.untrained_here(), settings)
        done = making.train_again(result)
        making.notes.update(steps=done.steps, epochs=done.epochs, train_loss=done.train_losses[-1])
        return result

    def skeleton(self, network: Network, settings: LowRankScratchSettings) -> Network:
        from wattshed.compression.methods.low_rank_layers import thin_layers
        from wattshed.forecast.networks.thin import fresh

        replaced = thin_layers(network.linear_maps(), settings.rank, fresh)
        refuse_nothing(replaced, settings.rank, type(network).__name__)
        return network.with_maps(replaced)

    def uses_checkpoint(self, settings: LowRankScratchSettings) -> bool:
        return False

    def check(self, settings: LowRankScratchSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        check_rank(settings.rank, model, earlier)

    def check_sizes(
        self,
        settings: LowRankScratchSettings,
        model: ModelBlock,
        earlier: Sequence[object],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        check_shapes(settings.rank, model, earlier, windows)


METHOD = LowRankScratch()
