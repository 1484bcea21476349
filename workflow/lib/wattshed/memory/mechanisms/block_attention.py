"""Block attention: each block of places attends to itself and to its neighbours alone (Beltagy et al. 2020)."""

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


class BlockAttentionBlock(MechanismBlock):
    kind: Literal["block_attention"] = Field(
        description="Attention within blocks and their neighbours alone: another network, whose work and memory grow "
        "with the length and not with its square."
    )
    block: int = Field(ge=1, description="Places of a block: hours, or samples of a labelled series.")
    neighbours: int = Field(
        default=1, ge=0, description="Blocks to each side that a block attends to beside itself."
    )


class BlockAttention(Mechanism):
    Settings = BlockAttentionBlock
    asks = frozenset({Offer.ATTENTION})
    source_name = "hybrid attention block (HAB), its sparse path"
    gradients = "other"

    def check(
        self,
        settings: BlockAttentionBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        refuse_second_kernel(others)
        length, key = places(model, windows)
        if settings.block > length:
            raise ValueError(
                f"block is {settings.block}, but attention has {length} places ({key}); expected at most {length}: a "
                "smaller block, or fused_attention, which is exact"
            )
        blocks = -(-length // settings.block)
        if settings.neighbours >= blocks - 1:
            raise ValueError(
                f"block {settings.block} and neighbours {settings.neighbours} cover all {length} places ({key}), so "
                f"that nothing is left out; expected {at_most(blocks - 2, length)}, or fused_attention, which is exact"
            )

    def apply(self, network: Network, settings: BlockAttentionBlock, seed: int) -> Network:
        from wattshed.engine.attention.block import Blocks

        for name in network.memory_parts().attentions:
            attention: Any = network.get_submodule(name)
            attention.kernel = Blocks(settings.block, settings.neighbours)
        return network


def places(model: ModelBlock, windows: WindowsBlock) -> tuple[int, str]:
    """How many places attention sees, and the key that says so."""
    length_h = getattr(model, "length_h", None)
    if length_h is None:
        return windows.look_back_steps, "data.windows.look_back_h"
    return length_h * windows.steps_per_hour, "length_h"


def at_most(neighbours: int, length: int) -> str:
    """Settings that leave something out."""
    if neighbours >= 0:
        return f"neighbours of at most {neighbours}"
    return f"a block of less than {length} places"


MECHANISM = BlockAttention()
