"""Dropout masks that are a pure function of seed, place and cell, so that every back end draws the same."""

import torch
from torch import Tensor

LIFTED, STATE, FORECAST = 1, 2, 3
_WORD = 0xFFFFFFFF


def keep_factors(shape: tuple[int, ...], drop: float, seed: int, place: int, device: torch.device) -> Tensor:
    """Factors of ``shape``: 0 with probability ``drop``, else 1 / (1 - drop).

    A 32-bit integer hash of the cell's number, whose constants are those of MurmurHash3's finaliser and of
    Wellons' "lowbias32" (2018); fused_gru.c has the same lines.
    """
    count = 1
    for length in shape:
        count *= length
    x = torch.arange(count, dtype=torch.int64, device=device) & _WORD
    x = (x * 0x85EBCA6B & _WORD) ^ (seed & _WORD ^ (place * 0x9E3779B9 & _WORD))
    x = x ^ (x >> 16)
    x = x * 0x7FEB352D & _WORD
    x = x ^ (x >> 15)
    x = x * 0x846CA68B & _WORD
    x = x ^ (x >> 16)
    kept = x >= int(drop * 2**32)
    return (kept * (1.0 / (1.0 - drop))).reshape(shape)
