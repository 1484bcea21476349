"""The family ``gnn_stan``: classes of windows, by graph attention over regions and attention over their series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Family, Offer, SimpleFamily
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    import scipy.sparse as sp
    from torch import nn

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network

# Features of each region, as the data room makes them.
FEATURES = 4
Share = Annotated[float, Field(gt=0, le=1)]
Channels = Annotated[int, Field(ge=1, le=1024)]


class Settings(ModelBlock):
    """Graph attention over the regions' connectivity, attention over their series, and both attending to each other."""

    form: Literal["gnn_stan"] = Field(
        default="gnn_stan", description="Classes of windows from connectivity and series."
    )
    variant: Literal["fused", "base"] = Field(
        default="fused",
        description="`base` is the form of the source: each branch is averaged before the fusion, so that attention "
        "has a single key, and its one block of attention has the norm at its end. `fused` attends to all regions and "
        "samples.",
    )
    regions: int = Field(default=94, ge=4, le=2000, description="Regions of the series.")
    graph_channels: tuple[Channels, ...] = Field(
        default=(128, 64, 32), min_length=1, max_length=6, description="Channels of each graph layer."
    )
    graph_heads: int = Field(default=4, ge=1, le=64, description="Heads of graph attention, averaged.")
    edge_share: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Share of all pairs of regions that are edges: those of strongest correlation, each region with "
        "itself among them.",
    )
    pooling_shares: tuple[Share, ...] = Field(
        default=(0.8, 0.6),
        description="Share of the nodes that are kept after each graph layer but the last.",
    )
    hidden: int = Field(default=128, ge=1, le=1024, description="Units of the LSTM in each direction.")
    recurrent_layers: int = Field(default=2, ge=1, le=8, description="LSTM layers in each direction.")
    attention_heads: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Heads of attention over samples; 2 * `hidden` is a multiple of it.",
    )
    blocks: int = Field(
        default=1, ge=1, le=12, description="Blocks of attention over samples; only 1 in the variant `base`."
    )
    feed_forward: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="Units of the feed-forward network of each block; empty means twice their width. Only in the "
        "variant `fused`.",
    )
    fusion_width: int = Field(
        default=128, ge=2, le=1024, description="Channels of the fusion; a multiple of `fusion_heads`."
    )
    fusion_heads: int = Field(default=4, ge=1, le=64, description="Heads of the attention between branches.")
    norm: Literal["batch", "layer"] = Field(
        default="batch",
        description="Norm in graph, convolution, fusion and classifier. `batch`: over the known samples and regions of "
        "a batch. `layer`: of each place alone, so that an example's logits do not depend on the others of its batch; "
        "it learns more slowly.",
    )
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="Share of values that dropout sets to zero in training."
    )
    attention_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the weights of attention over samples and between branches that dropout sets to zero.",
    )

    @property
    def attention_width(self) -> int:
        """The least width of a projection of attention."""
        return min(2 * self.hidden, self.fusion_width)

    @property
    def units(self) -> int:
        """Units of the feed-forward network of each block."""
        return 4 * self.hidden if self.feed_forward is None else self.feed_forward

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if 2 * self.hidden % self.attention_heads:
            raise ValueError(
                f"hidden is {self.hidden} and attention_heads is {self.attention_heads}; expected 2 * hidden to be a "
                f"multiple of attention_heads, such as hidden {self.attention_heads}"
            )
        if self.fusion_width % self.fusion_heads:
            raise ValueError(
                f"fusion_width is {self.fusion_width} and fusion_heads is {self.fusion_heads}; expected a width that "
                "is a multiple of fusion_heads"
            )
        if len(self.pooling_shares) != len(self.graph_channels) - 1:
            raise ValueError(
                f"pooling_shares has {len(self.pooling_shares)} shares for {len(self.graph_channels)} graph layers; "
                f"expected {len(self.graph_channels) - 1}: one after each layer but the last, and 1 keeps all nodes"
            )
        edges = round(self.edge_share * self.regions**2)
        if edges <= self.regions:
            raise ValueError(
                f"edge_share is {self.edge_share:g} of {self.regions}^2 pairs: {edges} edges, which each region's own "
                f"takes; expected more than {1 / self.regions:.3f}, or there is no edge between regions"
            )
        return self

    @model_validator(mode="after")
    def _base_is_the_sources(self) -> Self:
        if self.variant != "base":
            return self
        if self.blocks != 1:
            raise ValueError(
                f"blocks is {self.blocks} and variant is base, which has one block; expected 1, or variant fused"
            )
        if self.feed_forward is not None:
            raise ValueError(
                "feed_forward is set and variant is base, which has no feed-forward network; expected no value, or "
                "variant fused"
            )
        return self


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    """The classes are the nodes of the study's panel."""
    import torch

    from wattshed.forecast.networks.stan.fusion import Fusion
    from wattshed.forecast.networks.stan.graph import GraphBranch
    from wattshed.forecast.networks.stan.network import Classifier, GnnStan
    from wattshed.forecast.networks.stan.series import BothDirections, SeriesBranch

    torch.manual_seed(seed)
    norm = settings.norm
    graph = GraphBranch(
        FEATURES,
        settings.graph_channels,
        heads=settings.graph_heads,
        edge_share=settings.edge_share,
        pooling_shares=settings.pooling_shares,
        dropout=settings.dropout,
        norm=norm,
    )
    recurrent = BothDirections(settings.regions, settings.hidden, settings.recurrent_layers, settings.dropout)
    series = SeriesBranch(recurrent, _blocks(settings), settings.hidden, norm)
    fusion = Fusion(
        settings.graph_channels[-1],
        settings.hidden,
        settings.fusion_width,
        heads=settings.fusion_heads,
        attention_dropout=settings.attention_dropout,
        dropout=settings.dropout,
        norm=norm,
        single_key=settings.variant == "base",
    )
    classifier = Classifier(settings.fusion_width, adjacency.shape[0], settings.dropout, norm)
    return GnnStan(settings.regions, graph, series, fusion, classifier)


def _blocks(settings: Settings) -> list[nn.Module]:
    from wattshed.forecast.networks.stan.series import AttentionThenNorm, SeriesBlock

    width, heads, dropped = 2 * settings.hidden, settings.attention_heads, settings.attention_dropout
    if settings.variant == "base":
        return [AttentionThenNorm(width, heads, dropped)]
    return [
        SeriesBlock(width, heads, settings.units, dropped, settings.dropout) for _ in range(settings.blocks)
    ]


def further_offers(settings: Settings) -> frozenset[Offer]:
    """Blocks with a feed-forward network can lose units, and can be skipped."""
    if settings.variant == "base":
        return frozenset()
    return frozenset({Offer.PRUNABLE_UNITS, Offer.SKIPPABLE_BLOCKS})


FAMILY: Family = SimpleFamily(
    Settings,
    ("examples",),
    make,
    frozenset({Offer.UPDATES, Offer.LINEAR_MAPS, Offer.ATTENTION, Offer.AGGREGATION, Offer.RECOMPUTED_PARTS}),
    information=lambda settings: frozenset({Information.LOOK_BACK}),
    further_offers=further_offers,
    removable=("units",),
    watches_units=False,
    torch_only=True,
    normalises_batches=lambda settings: settings.norm == "batch",
)
