"""The family ``stgnn_reference``: the source study's network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.forecast.families.family import Family
from wattshed.forecast.families.layers import OFFERS, LayeredFamily, LayersBlock
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network
    from wattshed.law.operations.forward import BatchSizes, ForwardPass


class Settings(LayersBlock):
    """The source study's network with its three dropouts; it is trained on whole windows of all nodes."""

    form: Literal["stgnn_reference"] = Field(
        default="stgnn_reference", description="The source study's network with its three dropouts."
    )
    graph_layers: int = Field(
        default=1,
        ge=1,
        le=4,
        description="Graph layers, each on the values of the one before: ReLU(A (x W + b)), then dropout.",
    )
    dropout: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Share of values that dropout sets to zero in training, wherever no key of its own says another.",
    )
    graph_dropout: float | None = Field(
        default=None, ge=0, lt=1, description="Dropout after each graph layer; empty means `dropout`."
    )
    state_dropout: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Dropout of states where the next recurrent layer or the output reads them; empty means `dropout`.",
    )
    output_dropout: bool = Field(
        default=True,
        description="Whether `dropout` acts on the output too, as in the source study. It scales forecasts "
        "to 1 - dropout of "
        "their correct value.",
    )
    aggregate: Literal["each_step", "precomputed"] = Field(
        default="each_step",
        description="`each_step` adds up the neighbours' lifted inputs, channel by channel, as the source study does; "
        "`precomputed` adds up the inputs once for each batch and lifts the sum: A (x W + b) = (A x) W + (A 1) b.",
    )


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    import torch

    from wattshed.forecast.networks.reference import ReferenceSTGNN

    torch.manual_seed(seed)
    return ReferenceSTGNN(
        windows.horizon_steps,
        settings.hidden,
        settings.dropout,
        adjacency,
        settings.output_dropout,
        channels=settings.channels,
        graph_layers=settings.graph_layers,
        recurrent_layers=settings.recurrent_layers,
        graph_dropout=settings.graph_dropout,
        state_dropout=settings.state_dropout,
        precomputed=settings.aggregate == "precomputed",
    )


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    from wattshed.forecast.families.reference_count import count_reference

    return count_reference(settings, sizes)


# The limit in the source study (its config at HEAD).
PUBLISHED_EPOCHS = 50

FAMILY: Family = LayeredFamily(
    Settings,
    ("windows",),
    make,
    OFFERS,
    PUBLISHED_EPOCHS,
    reads_graph=True,
    # Its own hours only by the self loop of the graph.
    information=lambda settings: frozenset({Information.LOOK_BACK, Information.NEIGHBOURS}),
    count=count,
)
