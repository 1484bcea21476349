"""The family ``stgnn``: a recurrent network that sees a node's own history and its neighbours' aggregate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.forecast.families.family import Family
from wattshed.forecast.families.layers import OFFERS, LayeredFamily
from wattshed.forecast.families.recurrent import SAMPLINGS, RecurrentBlock, make_recurrent, node_offers, sees
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network
    from wattshed.law.operations.fits import FitSizes
    from wattshed.law.operations.forward import BatchSizes, ForwardPass
    from wattshed.law.operations.operation import Operation


class Settings(RecurrentBlock):
    """One graph layer and a GRU per node.

    A second graph layer needs its neighbours' values after the first one's ReLU: not an aggregate of their series,
    which is made once for all steps. ``stgnn_reference`` has several, because it computes on all nodes.
    """

    form: Literal["stgnn"] = Field(
        default="stgnn",
        description="A node's own history and its neighbours' aggregate, in one graph layer; `stgnn_reference` may "
        "have several.",
    )
    own_history: bool = Field(
        default=True,
        description="Whether a node's own history is a channel beside its neighbours' aggregate.",
    )


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    nodes = adjacency.shape[0]
    return make_recurrent(
        settings, windows, nodes, seed, uses_graph=True, uses_own_history=settings.own_history
    )


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    """The neighbours' aggregate is made once per series, before any step: no pass counts it."""
    from wattshed.forecast.families.recurrent_count import count_recurrent

    return count_recurrent(settings, sizes, neighbours=True, own=settings.own_history)


def count_fit(settings: Settings, sizes: FitSizes) -> tuple[Operation, ...] | None:
    from wattshed.forecast.families.recurrent_count import fit_recurrent

    return fit_recurrent(settings, sizes, neighbours=True)


FAMILY: Family = LayeredFamily(
    Settings,
    SAMPLINGS,
    make,
    OFFERS,
    reads_graph=True,
    further_offers=node_offers,
    # The aggregate has a self loop: without its own channel, a network still sees a part of the node's own hours.
    information=lambda settings: sees(settings) | {Information.NEIGHBOURS},
    count=count,
    count_fit=count_fit,
)
