"""How a kernel of a random size is described: a target time and the device's speed give its size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from wattshed.calibration.timing import Work
from wattshed.law.operations.operation import Operation

# Of an array: 16 MB. From 32 MB on, the C library asks the system for new pages in every call, which takes many times
# as long as the kernel itself: one law cannot hold for both.
MOST_VALUES = 2**22
# Of widths that are drawn, these need not be multiples of anything.
ODD_SHARE = 0.15
# Of an array in a GPU's memory: 512 MB.
MOST_GPU_VALUES = 2**27


@dataclass(frozen=True)
class Speed:
    """What a first look at the device found: products of medium size, and additions of large arrays.

    most_values: of the largest array.
    """

    flop_per_s: float
    byte_per_s: float
    most_values: int = MOST_VALUES


@dataclass(frozen=True)
class Case:
    """One kernel of one size. operations: what a call computes; group: sizes that a check leaves out together."""

    kernel: str
    operations: tuple[Operation, ...]
    group: str
    build: Callable[[torch.device], Work]


Draw = Callable[[Random, Speed, float], Case]


def log_uniform(random: Random, low: float, high: float) -> int:
    """A whole number between low and high; its logarithm is uniform."""
    return max(1, round(math.exp(random.uniform(math.log(low), math.log(high)))))


def width_of(random: Random, low: int, high: int) -> int:
    """A width as networks have them: mostly a multiple of 8, 16 or 32, which libraries are made for; sometimes any."""
    size = log_uniform(random, low, high)
    if size < 8 or random.random() < ODD_SHARE:
        return size
    step = 8 if size < 64 else 16 if size < 256 else 32
    return max(low, min(high, round(size / step) * step))


def fitting(target: float, each: float, low: int = 1, high: int = 65_536) -> int:
    """How many of what costs ``each`` meet the target."""
    return int(min(max(target / each, low), high))


def octave(size: float) -> str:
    """Sizes within a factor of two are one group."""
    return str(round(math.log2(max(size, 1))))


def differentiated(forward: Callable[[], Tensor], wanted: Sequence[Tensor]) -> Work:
    """The forward pass with its graph, and the gradients for ``wanted`` from an output gradient of ones."""
    slope = torch.ones_like(forward().detach())
    return Work(forward, lambda made: torch.autograd.grad(made, wanted, slope))


def values(*shape: int, device: torch.device, learned: bool = True) -> Tensor:
    return torch.randn(*shape, device=device).requires_grad_(learned)
