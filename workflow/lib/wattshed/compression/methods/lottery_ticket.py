"""Lottery tickets: sparse networks that train from early weights as well as the dense one (Frankle and Carbin 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.masked import (
    SCOPE,
    MaskedTraining,
    Scope,
    refuse_empty_matrix,
    refuse_later_steps,
    refuse_rounds,
)
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class LotteryTicketSettings(VariantBlock):
    method: Literal["lottery_ticket"] = Field(
        description="Iterative magnitude pruning with rewinding: prune by a mask, rewind the weights to an early step, "
        "train again. Shapes, bytes and speed stay."
    )
    rounds: int = Field(
        default=3, ge=1, le=50, description="Rounds of pruning; each is followed by a whole training."
    )
    share_per_round: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of the remaining weights that a round removes, the smallest.",
    )
    scope: Scope = Field(default="global", description=SCOPE)
    rewind_share: float = Field(
        default=0.02,
        ge=0,
        le=0.1,
        description="Share of the recipe's steps after which the weights are kept to rewind to (Frankle et al. 2020); "
        "0 rewinds to the first weights.",
    )
    control: Literal["none", "random_mask", "reinitialised"] = Field(
        default="none",
        description="`random_mask`: the ticket's weights with its masks shuffled within each matrix; `reinitialised`: "
        "the ticket's masks with other first weights. Both have the ticket's sparsity in each matrix.",
    )

    @property
    def keep_share(self) -> float:
        """Share of the weights that the last round leaves."""
        return (1 - self.share_per_round) ** self.rounds


class LotteryTicket(MaskedTraining):
    Settings = LotteryTicketSettings

    def make_from(self, making: Making, settings: LotteryTicketSettings) -> Network:
        """The last ticket, trained by the recipe. The checkpoint is the dense network of the first round."""
        from wattshed.compression.methods.tickets import trained_ticket

        refuse_later_steps(making)
        return trained_ticket(making, settings)

    def is_control(self, settings: LotteryTicketSettings) -> bool:
        return settings.control != "none"

    def check(self, settings: LotteryTicketSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        what = f"{settings.rounds} rounds of share_per_round {settings.share_per_round:g}, a share of"
        refuse_empty_matrix(what, settings.keep_share, model, earlier)

    def check_sizes(
        self,
        settings: LotteryTicketSettings,
        model: ModelBlock,
        earlier: Sequence[object],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        what = f"share_per_round {settings.share_per_round:g}"
        kept = 1 - settings.share_per_round
        refuse_rounds(what, kept, settings.scope, settings.rounds, model, earlier, windows)


METHOD = LotteryTicket()
