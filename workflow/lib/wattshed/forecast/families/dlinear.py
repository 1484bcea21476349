"""The family ``dlinear``: one linear map of the trend and one of the remainder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Family, Offer, SimpleFamily
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.data import WindowsBlock
    from wattshed.forecast.network import Network


class Settings(ModelBlock):
    """One linear map of the trend and one of the remainder, shared by all nodes (Zeng et al. 2023)."""

    form: Literal["dlinear"] = Field(
        default="dlinear", description="Linear on trend and remainder, without a graph."
    )


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    import torch

    from wattshed.forecast.networks.dlinear import DLinear

    torch.manual_seed(seed)
    return DLinear(windows.look_back_h, windows.horizon_h)


FAMILY: Family = SimpleFamily(
    Settings,
    ("pairs",),
    make,
    frozenset({Offer.UPDATES, Offer.LINEAR_MAPS}),
    information=lambda settings: frozenset({Information.LOOK_BACK}),
)
