"""The family ``gru``: a recurrent network that sees a node's own history only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.forecast.families.family import Family
from wattshed.forecast.families.layers import OFFERS, LayeredFamily
from wattshed.forecast.families.recurrent import SAMPLINGS, RecurrentBlock, make_recurrent, node_offers, sees

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network
    from wattshed.law.operations.fits import FitSizes
    from wattshed.law.operations.forward import BatchSizes, ForwardPass
    from wattshed.law.operations.operation import Operation


class Settings(RecurrentBlock):
    """A GRU per node, without a graph."""

    form: Literal["gru"] = Field(default="gru", description="A GRU per node, without a graph.")


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    return make_recurrent(settings, windows, adjacency.shape[0], seed, uses_graph=False)


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    from wattshed.forecast.families.recurrent_count import count_recurrent

    return count_recurrent(settings, sizes)


def count_fit(settings: Settings, sizes: FitSizes) -> tuple[Operation, ...] | None:
    from wattshed.forecast.families.recurrent_count import fit_recurrent

    return fit_recurrent(settings, sizes)


FAMILY: Family = LayeredFamily(
    Settings,
    SAMPLINGS,
    make,
    OFFERS,
    information=sees,
    further_offers=node_offers,
    count=count,
    count_fit=count_fit,
)
