"""Sizes of operations as arrays, and the checks of what a law is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
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
    products: matrix products [rows, inner] x [inner, columns] of the call; left, right, out: values of their two
    factors and of their results, of all products together, 0 for what is not a product; widths: columns of a result.
    """

    flops: Numbers
    bytes_moved: Numbers
    dependent_steps: Numbers
    tensors: Numbers
    products: Numbers
    left: Numbers
    right: Numbers
    out: Numbers
    widths: Numbers

    def __len__(self) -> int:
        return len(self.flops)

    def taken(self, chosen: NDArray[Any]) -> Sizes:
        """The sizes at some positions, or where a mask is true."""
        return Sizes(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


def sizes_of(operations: Sequence[Operation]) -> Sizes:
    """The sizes of one call of each operation."""
    rows = [
        (
            one.flops,
            one.bytes_moved,
            one.dependent_steps,
            one.tensors,
            one.products,
            one.products * one.rows * one.inner,
            one.products * one.inner * one.columns,
            one.products * one.rows * one.columns,
            one.columns,
        )
        for one in operations
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 9)
    return Sizes(*(np.ascontiguousarray(column) for column in table.T))


def sizes_from(
    flops: ArrayLike,
    bytes_moved: ArrayLike | None = None,
    dependent_steps: ArrayLike | None = None,
    tensors: ArrayLike | None = None,
) -> Sizes:
    """Sizes from columns, without those of products; bytes and tensors are 0 if not given, dependent steps 1."""
    counted = np.asarray(flops, dtype=np.float64)
    zero, one = np.zeros(counted.shape), np.ones(counted.shape)

    def column(given: ArrayLike | None, missing: Numbers) -> Numbers:
        return missing if given is None else np.asarray(given, dtype=np.float64)

    steps = column(dependent_steps, one)
    return Sizes(
        counted, column(bytes_moved, zero), steps, column(tensors, zero), one, zero, zero, zero, zero
    )


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
