"""Fused attention: exact, by a kernel that never holds the scores of all pairs (Dao et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer
from wattshed.memory.mechanisms.attention_kernel import refuse_second_kernel
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class FusedAttentionBlock(MechanismBlock):
    kind: Literal["fused_attention"] = Field(
        description="Exact attention by a fused kernel: memory grows with the length and not with its square."
    )


class FusedAttention(Mechanism):
    Settings = FusedAttentionBlock
    asks = frozenset({Offer.ATTENTION})
    source_name = "hybrid attention block (HAB)"
    gradients = "close"

    def check(
        self,
        settings: FusedAttentionBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        refuse_second_kernel(others)
        dropout = getattr(model, "attention_dropout", 0.0)
        if dropout:
            raise ValueError(
                f"fused_attention and attention_dropout {dropout:g} of {model.form}: with dropout on attention weights "
                "a CPU keeps the scores of all pairs, as plain attention does; expected attention_dropout 0, or no "
                "fused_attention"
            )

    def apply(self, network: Network, settings: FusedAttentionBlock, seed: int) -> Network:
        from wattshed.engine.attention.fused import FUSED

        for name in network.memory_parts().attentions:
            attention: Any = network.get_submodule(name)
            attention.kernel = FUSED
        return network


MECHANISM = FusedAttention()
