"""What the families ``stgnn`` and ``gru`` share: a GRU per node, optionally after a linear part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    from wattshed.config.data.data import WindowsBlock
    from wattshed.forecast.network import Network

SAMPLINGS = ("pairs", "sequences")
OFFERS = frozenset({Offer.UPDATES, Offer.PRUNABLE_UNITS, Offer.LINEAR_MAPS})


class RecurrentBlock(ModelBlock):
    """Settings that both families have."""

    hidden: int = Field(default=16, ge=1, le=1024, description="Units of the graph layer and of the GRU.")
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


def node_offers(settings: RecurrentBlock) -> frozenset[Offer]:
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

    from wattshed.forecast.networks.linear_part import LinearPart
    from wattshed.forecast.networks.recurrent import STGNN
    from wattshed.forecast.networks.residual import Residual

    torch.manual_seed(seed)
    network = STGNN(
        windows.horizon_h,
        settings.hidden,
        uses_graph,
        uses_own_history,
        calendar=settings.calendar,
        nodes=nodes if settings.node_table else 0,
    )
    if not settings.linear_part:
        return network
    # Before training, the forecast is that of the linear part alone.
    torch.nn.init.zeros_(network.output.weight)
    torch.nn.init.zeros_(network.output.bias)
    return Residual(LinearPart(windows.look_back_h, windows.horizon_h, uses_graph), network)
