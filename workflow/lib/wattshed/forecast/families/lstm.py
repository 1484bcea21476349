"""The family ``lstm``: a recurrent network with LSTM cells that sees a node's own history only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.forecast.families.family import Family
from wattshed.forecast.families.layers import OFFERS, LayeredFamily
from wattshed.forecast.families.recurrent import (
    SAMPLINGS,
    RecurrentBlock,
    node_offers,
    sees,
    with_linear_part,
)

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network
    from wattshed.law.operations.fits import FitSizes
    from wattshed.law.operations.forward import BatchSizes, ForwardPass
    from wattshed.law.operations.operation import Operation


class Settings(RecurrentBlock):
    """An LSTM per node, without a graph; torch computes it."""

    form: Literal["lstm"] = Field(
        default="lstm", description="An LSTM per node, without a graph; torch computes it."
    )


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    import torch

    from wattshed.forecast.networks.lstm import LSTMNetwork

    torch.manual_seed(seed)
    network = LSTMNetwork(
        windows.horizon_steps,
        settings.hidden,
        calendar=settings.calendar,
        nodes=adjacency.shape[0] if settings.node_table else 0,
        channels=settings.channels,
        recurrent_layers=settings.recurrent_layers,
        graph_dropout=settings.graph_dropout,
        state_dropout=settings.state_dropout,
    )
    return with_linear_part(network, windows, uses_graph=False) if settings.linear_part else network


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    from wattshed.forecast.families.recurrent_count import count_recurrent

    return count_recurrent(settings, sizes, cell="lstm")


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
    torch_only=True,
)
