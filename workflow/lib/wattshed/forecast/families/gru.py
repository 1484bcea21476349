"""The family ``gru``: a recurrent network that sees a node's own history only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.forecast.families.family import Family
from wattshed.forecast.families.layers import OFFERS, LayeredFamily
from wattshed.forecast.families.recurrent import SAMPLINGS, RecurrentBlock, make_recurrent, node_offers, sees

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.data import WindowsBlock
    from wattshed.forecast.network import Network


class Settings(RecurrentBlock):
    """A GRU per node, without a graph."""

    form: Literal["gru"] = Field(default="gru", description="A GRU per node, without a graph.")


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    return make_recurrent(settings, windows, adjacency.shape[0], seed, uses_graph=False)


FAMILY: Family = LayeredFamily(
    Settings, SAMPLINGS, make, OFFERS, information=sees, further_offers=node_offers
)
