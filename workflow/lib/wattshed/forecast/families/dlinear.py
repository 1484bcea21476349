"""The family ``dlinear``: one linear map of the trend and one of the remainder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Family, Offer, SimpleFamily
from wattshed.foundation.vocabulary import Information
from wattshed.law.operations.forward import BatchSizes, ForwardPass

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
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
    return DLinear(windows.look_back_steps, windows.horizon_steps)


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    """Trend by a moving average, which has no gradient, then two linear maps; torch computes it."""
    from wattshed.law.operations.elementwise import ADD, elementwise, moved
    from wattshed.law.operations.operation import Kind
    from wattshed.law.operations.products import linear, linear_parameters

    look_back_steps, horizon_steps = sizes.length_steps, sizes.horizon_steps
    values = sizes.rows * look_back_steps
    operations = (
        moved(values, kind=Kind.HISTORIES, gradient=False),
        moved(sizes.rows * (look_back_steps + kernel_steps(look_back_steps) - 1), gradient=False),
        elementwise(values, (kernel_steps(look_back_steps), 0), kind=Kind.POOLING, gradient=False),
        elementwise(values, ADD, inputs=2, gradient=False),
        linear(sizes.rows, look_back_steps, horizon_steps, calls=2, input_gradient=False),
        elementwise(sizes.rows * horizon_steps, ADD, inputs=2),
    )
    return ForwardPass(operations, 2 * linear_parameters(look_back_steps, horizon_steps), 4)


def kernel_steps(look_back_steps: int) -> int:
    """Hours of the moving average, an odd number; a test holds it equal to the network's."""
    return min(13, look_back_steps - 1 + look_back_steps % 2)


FAMILY: Family = SimpleFamily(
    Settings,
    ("pairs",),
    make,
    frozenset({Offer.UPDATES, Offer.LINEAR_MAPS}),
    information=lambda settings: frozenset({Information.LOOK_BACK}),
    count=count,
)
