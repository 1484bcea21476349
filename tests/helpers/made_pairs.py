"""Pairs from windows that a test has made: each is a node of its own, and the hours after it do not exist."""

import numpy as np
import torch
from torch import Tensor

from wattshed.data.scaling import Scaler
from wattshed.engine.series.residence import Residence
from wattshed.forecast.series import Pairs, ScaledSeries


def pairs_of(own: Tensor, aggregate: Tensor, row_sum: Tensor, *, engine: str = "auto") -> Pairs:
    """own, aggregate: [M, W]; row_sum: [M]."""
    count, look_back = own.shape
    series = ScaledSeries(
        Residence(own.numpy(), aggregate.numpy(), torch.device("cpu")),
        row_sum,
        torch.arange(look_back, dtype=torch.int32) % 168,
        Scaler(np.zeros(count, np.float32), np.ones(count, np.float32)),
        look_back,
        engine,
    )
    return series.pairs(torch.arange(count), torch.full((count,), look_back))


def random_pairs(count: int = 9, look_back: int = 12) -> Pairs:
    """The same pairs in every run and order of the tests."""
    random = torch.Generator().manual_seed(0)
    own, aggregate = torch.randn((2, count, look_back), generator=random)
    return pairs_of(own, aggregate, torch.rand(count, generator=random))
