"""Sizes of operations as arrays, and the checks of what a law is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Operation

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Sizes:
    """What one call of each operation computes: floats [points].

    flops; bytes_moved [bytes]; dependent_steps: steps that wait for one another; tensors: gone through one by one.
    """

    flops: Numbers
    bytes_moved: Numbers
    dependent_steps: Numbers
    tensors: Numbers

    def __len__(self) -> int:
        return len(self.flops)

    def taken(self, chosen: NDArray[Any]) -> Sizes:
        """The sizes at some positions, or where a mask is true."""
        return Sizes(
            self.flops[chosen], self.bytes_moved[chosen], self.dependent_steps[chosen], self.tensors[chosen]
        )


def sizes_of(operations: Sequence[Operation]) -> Sizes:
    """The sizes of one call of each operation."""
    rows = [(one.flops, one.bytes_moved, one.dependent_steps, one.tensors) for one in operations]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 4)
    return Sizes(*(np.ascontiguousarray(column) for column in table.T))


def sizes_from(
    flops: ArrayLike,
    bytes_moved: ArrayLike | None = None,
    dependent_steps: ArrayLike | None = None,
    tensors: ArrayLike | None = None,
) -> Sizes:
    """Sizes from columns; without bytes or tensors they are 0, without dependent steps 1."""
    counted = np.asarray(flops, dtype=np.float64)
    missing = {"bytes_moved": 0.0, "dependent_steps": 1.0, "tensors": 0.0}
    columns = {"bytes_moved": bytes_moved, "dependent_steps": dependent_steps, "tensors": tensors}
    filled = {
        name: np.full(counted.shape, missing[name])
        if column is None
        else np.asarray(column, dtype=np.float64)
        for name, column in columns.items()
    }
    return Sizes(counted, **filled)


def check_points(sizes: Sizes, time_s: Numbers, what: str, least: int) -> None:
    """Refuse what no law can be fitted to: other lengths, too few points, missing numbers, times of zero.

    what: begins the sentence, such as ``qkv forward``; least: points that the law needs.
    """
    columns = {
        "FLOPs": sizes.flops,
        "bytes": sizes.bytes_moved,
        "dependent steps": sizes.dependent_steps,
        "tensors": sizes.tensors,
    }
    for name, column in columns.items():
        if column.shape != time_s.shape or column.ndim != 1:
            raise Fault(
                f"{what}: {name} have the shape {column.shape}, times {time_s.shape}: give one number per point"
            )
        wrong = ~(np.isfinite(column) & (column >= 0))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise Fault(f"{what}: {name} at position {at} are {column[at]}: expected a finite number >= 0")
    wrong = ~(np.isfinite(time_s) & (time_s > 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise Fault(f"{what}: the time at position {at} is {time_s[at]} s: expected seconds above 0")
    if len(time_s) < least:
        raise Fault(f"{what}: {len(time_s)} points are too few: a law with its check needs at least {least}")
