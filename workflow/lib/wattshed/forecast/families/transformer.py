"""The family ``transformer``: attention over the hours of a node's own history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Family, Offer, SimpleFamily
from wattshed.forecast.families.recurrent import node_offers
from wattshed.foundation.vocabulary import Information
from wattshed.law.operations.forward import BatchSizes, ForwardPass

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network


class Settings(ModelBlock):
    """Blocks of attention and of a feed-forward network, with the norms before them; torch computes them."""

    form: Literal["transformer"] = Field(
        default="transformer", description="Attention over a node's own history, without a graph."
    )
    width: int = Field(default=32, ge=1, le=1024, description="Channels of each step; a multiple of `heads`.")
    layers: int = Field(default=2, ge=1, le=12, description="Blocks, each on the values of the one before.")
    heads: int = Field(
        default=2, ge=1, le=64, description="Heads of attention; each has width / heads channels."
    )
    feed_forward: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="Units of the feed-forward network of each block; empty means four times `width`.",
    )
    length_h: int | None = Field(
        default=None,
        ge=1,
        description="The last hours of the look-back that it reads [h]; empty means the whole look-back. The work of "
        "attention grows with its square.",
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of what attention and feed-forward networks add that dropout sets to zero in training.",
    )
    calendar: bool = Field(
        default=False, description="Whether the hour of day and the weekday are inputs of the network."
    )
    node_table: bool = Field(
        default=False, description="Whether the network learns one row of weights for every node."
    )

    @property
    def units(self) -> int:
        """Units of the feed-forward network of each block."""
        return 4 * self.width if self.feed_forward is None else self.feed_forward

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(
                f"width is {self.width} and heads is {self.heads}; expected a width that is a multiple of heads, "
                f"such as {self.heads * max(1, round(self.width / self.heads))}"
            )
        return self


class TransformerFamily(SimpleFamily):
    """Checks beside its settings what they ask of the windows."""

    def check_windows(self, settings: Settings, windows: WindowsBlock) -> None:
        """Raises :class:`ValueError` if the network would read more hours than the look-back has."""
        if settings.length_h is not None and settings.length_h > windows.look_back_h:
            raise ValueError(
                f"length_h is {settings.length_h}, but data.windows.look_back_h is {windows.look_back_h:g}; expected "
                "at most the look-back: a smaller length_h, or a longer look-back"
            )


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    import torch

    from wattshed.forecast.networks.transformer import Transformer

    torch.manual_seed(seed)
    return Transformer(
        windows.horizon_steps,
        windows.look_back_steps if settings.length_h is None else settings.length_h * windows.steps_per_hour,
        settings.width,
        layers=settings.layers,
        heads=settings.heads,
        feed_forward=settings.units,
        dropout=settings.dropout,
        calendar=settings.calendar,
        nodes=adjacency.shape[0] if settings.node_table else 0,
    )


def sees(settings: Settings) -> frozenset[Information]:
    """What forecasts are made from."""
    seen = {Information.LOOK_BACK}
    if settings.calendar:
        seen.add(Information.CALENDAR)
    if settings.node_table:
        seen.add(Information.NODE)
    return frozenset(seen)


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    """Lift, learned places, blocks of attention, and a norm and a linear layer on the last step."""
    from wattshed.forecast.families.lift_count import Lift
    from wattshed.law.operations.attention import BLOCK_TENSORS, block_parameters, transformer_blocks
    from wattshed.law.operations.elementwise import ADD, elementwise, normalisation
    from wattshed.law.operations.products import linear, linear_parameters

    width, inner = settings.width, settings.units
    length_steps = (
        sizes.length_steps if settings.length_h is None else settings.length_h * sizes.steps_per_hour
    )
    lift = Lift(width, calendar=settings.calendar, node_table=settings.node_table, reads_steps=length_steps)
    operations = (
        *lift.operations(sizes),
        elementwise(sizes.rows * length_steps * width, ADD, inputs=2),
        *transformer_blocks(
            sizes.rows,
            length_steps,
            width,
            settings.heads,
            inner,
            settings.layers,
            dropout=settings.dropout > 0,
            scales_queries=True,
        ),
        normalisation(sizes.rows, width),
        linear(sizes.rows, width, sizes.horizon_steps),
    )
    parameters = (
        lift.parameters(sizes.nodes)
        + length_steps * width
        + settings.layers * block_parameters(width, inner)
        + 2 * width
        + linear_parameters(width, sizes.horizon_steps)
    )
    # Places, the norm's two and the output's two.
    return ForwardPass(operations, parameters, lift.tensors + settings.layers * BLOCK_TENSORS + 5)


FAMILY: Family = TransformerFamily(
    Settings,
    ("pairs",),
    make,
    frozenset(
        {
            Offer.UPDATES,
            Offer.PRUNABLE_UNITS,
            Offer.LINEAR_MAPS,
            Offer.ATTENTION,
            Offer.RECOMPUTED_PARTS,
            Offer.SKIPPABLE_BLOCKS,
        }
    ),
    information=sees,
    count=count,
    further_offers=node_offers,
    removable=("units",),
    torch_only=True,
)
