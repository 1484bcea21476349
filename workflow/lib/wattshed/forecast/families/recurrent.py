"""What the families ``stgnn``, ``gru`` and ``lstm`` share: recurrent layers per node, or after a linear part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field

from wattshed.forecast.families.family import Offer
from wattshed.forecast.families.layers import LayersBlock
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network

SAMPLINGS = ("pairs", "sequences")


class RecurrentBlock(LayersBlock):
    """Settings that all of them have."""

    graph_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the graph layer's values that dropout sets to zero in training. There is none on the "
        "output, where it would pull forecasts towards zero.",
    )
    state_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the states' values that dropout sets to zero in training where the next recurrent layer "
        "or the output reads them.",
    )
    linear_part: bool = Field(
        default=False,
        description="Whether a linear part, solved in closed form, forecasts first and the network learns only "
        "its residuals.",
    )
    calendar: bool = Field(
        default=False, description="Whether the hour of day and the weekday are inputs of the network."
    )
    node_table: bool = Field(
        default=False, description="Whether the network learns one row of weights for every node."
    )


def sees(settings: RecurrentBlock) -> frozenset[Information]:
    """What forecasts are made from, neighbours left out."""
    seen = {Information.LOOK_BACK}
    if settings.linear_part:
        seen |= {Information.DAYS_BEFORE, Information.CALENDAR}
    if settings.calendar:
        seen.add(Information.CALENDAR)
    if settings.node_table:
        seen.add(Information.NODE)
    return frozenset(seen)


class HasNodeTable(Protocol):
    @property
    def node_table(self) -> bool: ...


def node_offers(settings: HasNodeTable) -> frozenset[Offer]:
    """What only networks with a node table offer."""
    return frozenset({Offer.NODE_TABLE}) if settings.node_table else frozenset()


def make_recurrent(
    settings: RecurrentBlock,
    windows: WindowsBlock,
    nodes: int,
    seed: int,
    *,
    uses_graph: bool,
    uses_own_history: bool = True,
) -> Network:
    """An untrained recurrent network with weights drawn from ``seed``."""
    import torch

    from wattshed.forecast.networks.recurrent import STGNN

    torch.manual_seed(seed)
    network = STGNN(
        windows.horizon_steps,
        settings.hidden,
        uses_graph,
        uses_own_history,
        calendar=settings.calendar,
        nodes=nodes if settings.node_table else 0,
        channels=settings.channels,
        recurrent_layers=settings.recurrent_layers,
        graph_dropout=settings.graph_dropout,
        state_dropout=settings.state_dropout,
    )
    if not settings.linear_part:
        return network
    return with_linear_part(network, windows, uses_graph=uses_graph)


def with_linear_part(network: Any, windows: WindowsBlock, *, uses_graph: bool) -> Network:
    """A network with the layer ``output`` that learns only the residuals of a linear part."""
    import torch

    from wattshed.forecast.networks.linear_part import LinearPart
    from wattshed.forecast.networks.residual import Residual

    # Before training, the forecast is that of the linear part alone.
    torch.nn.init.zeros_(network.output.weight)
    torch.nn.init.zeros_(network.output.bias)
    return Residual(
        LinearPart(windows.look_back_steps, windows.horizon_steps, uses_graph, windows.steps_per_hour),
        network,
    )
