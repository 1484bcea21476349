"""The network of the family ``transformer``. Shapes: M (node, window) pairs, W look-back, L steps read, H horizon."""

import torch
from torch import Tensor, nn

from wattshed.engine.attention.kernel import EXPLICIT, AttentionKernel
from wattshed.forecast.network import MemoryParts, PrunableUnits
from wattshed.forecast.networks.lifted import Lifted
from wattshed.forecast.networks.removable.feed_forward_units import prunable_feed_forward


class Attention(nn.Module):
    """Self-attention of several heads (Vaswani et al. 2017); ``kernel`` says how it is computed.

    Every step attends to every step, with a kernel that is exact: all of them lie before the forecast, so that nothing
    needs a mask.
    """

    kernel: AttentionKernel = EXPLICIT

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, values: Tensor) -> Tensor:
        """values: [M, L, width] -> [M, L, width]."""
        # [M, L, 3 * width] -> three times [M, heads, L, width / heads]
        query, key, value = self.qkv(values).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = self.kernel(query, key, value, None, 0.0)
        return self.out(mixed.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """What a block does with each step alone. It has no weights of its own, so that a block's layers keep their names,
    and is a module so that a backward pass can compute it again."""

    def forward(self, values: Tensor, norm: nn.Module, widen: nn.Module, narrow: nn.Module) -> Tensor:
        """values: [M, L, width] -> [M, L, width]."""
        widened: Tensor = widen(norm(values))
        narrowed: Tensor = narrow(nn.functional.gelu(widened))
        return narrowed


class Block(nn.Module):
    """Attention and a feed-forward network on each step, both added to their input, with the norms before them.

    Source: Xiong et al. 2020, whose blocks with the norm first need no slow start of the learning rate.
    """

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, feed_forward)
        self.narrow = nn.Linear(feed_forward, width)
        self.each_hour = FeedForward()
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor:
        """values: [M, L, width] -> [M, L, width]."""
        values = values + self.dropout(self.attention(self.attention_norm(values)))
        added = self.each_hour(values, self.feed_forward_norm, self.widen, self.narrow)
        return values + self.dropout(added)


class Transformer(Lifted):
    """Blocks of attention over a node's own history, with learned positions and a linear read-out of the last step.

    The forecast comes from the last step, not from the mean of all steps: the last step is the nearest to the forecast,
    attention has brought the others to it, and a mean would start with equal weights for hours of unequal use.
    """

    def __init__(
        self,
        horizon_steps: int,
        length_steps: int,
        width: int,
        *,
        layers: int = 2,
        heads: int = 2,
        feed_forward: int | None = None,
        dropout: float = 0.0,
        calendar: bool = False,
        nodes: int = 0,
    ) -> None:
        """length_steps: the last steps of the look-back that it reads; width: channels of each step; feed_forward:
        units of each block's feed-forward network, None for four times the width; nodes: rows of the node table, 0 for
        none; dropout: share of what each block adds that is set to zero in training.
        """
        super().__init__(width, calendar=calendar, nodes=nodes)
        self.reads_steps = length_steps
        inner = 4 * width if feed_forward is None else feed_forward
        self.positions = nn.Parameter(torch.randn(length_steps, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, inner, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, horizon_steps)

    def read(self, channels: Tensor) -> Tensor:
        values = channels + self.positions
        for block in self.blocks:
            values = block(values)
        return self.output(self.norm(values[:, -1]))

    def why_no_kernel(self) -> str:
        return "no kernel for a transformer"

    def prunable_units(self) -> PrunableUnits | None:
        return prunable_feed_forward(self)

    def memory_parts(self) -> MemoryParts:
        blocks = tuple(f"blocks.{number}" for number in range(len(self.blocks)))
        attentions = tuple(f"{block}.attention" for block in blocks)
        return MemoryParts(
            attentions=attentions,
            projections=tuple(f"{one}.{name}" for one in attentions for name in ("qkv", "out")),
            recomputed={
                "attention": attentions,
                "feed_forward": tuple(f"{block}.each_hour" for block in blocks),
            },
            skippable=blocks,
        )

    def linear_maps(self) -> dict[str, nn.Module]:
        names = ("attention.qkv", "attention.out", "widen", "narrow")
        found = {
            f"blocks.{number}.{name}": block.get_submodule(name)
            for number, block in enumerate(self.blocks)
            for name in names
        }
        return {**found, "output": self.output}
