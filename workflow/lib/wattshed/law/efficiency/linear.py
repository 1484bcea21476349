"""The rivals: laws that add, or take the larger of, times that are proportional to sizes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.law import Coefficients, Law
from wattshed.law.efficiency.robust import robust_least_squares
from wattshed.law.efficiency.sizes import Numbers, Sizes
from wattshed.law.operations.operation import Operation


class AdditiveLaw(Law):
    """t = start + step x dependent steps + FLOPs x s + bytes x s + tensors x s; no coefficient is negative."""

    name = "additive"
    coefficients: ClassVar[tuple[str, ...]] = ("start_s", "step_s", "flop_s", "byte_s", "tensor_s")

    @property
    def least_points(self) -> int:
        return 6

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        return (
            coefficients["start_s"]
            + coefficients["step_s"] * operation.dependent_steps
            + coefficients["flop_s"] * operation.flops
            + coefficients["byte_s"] * operation.bytes_moved
            + coefficients["tensor_s"] * operation.tensors
        )

    def columns(self, sizes: Sizes) -> Numbers:
        """What the coefficients multiply [points, coefficients]."""
        one = np.ones(len(sizes))
        return np.stack([one, sizes.dependent_steps, sizes.flops, sizes.bytes_moved, sizes.tensors], axis=1)

    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        return np.asarray(self.columns(sizes) @ np.array([coefficients[name] for name in self.coefficients]))

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        columns = self.columns(sizes)
        # A constant column says nothing beside the start.
        told = np.array([True, *(np.ptp(columns[:, 1:], axis=0) > 0)])
        found = np.zeros(columns.shape[1])
        found[told] = _added(columns[:, told], time_s, what)
        return dict(zip(self.coefficients, map(float, found), strict=True))


class ProductLaw(AdditiveLaw):
    """As ``additive``, for matrix products: a time for each product, and for each value of its factors and its result.

    A product with few rows, columns or inner cells takes longer per FLOP: there the values are many for the FLOPs.
    """

    name = "product"
    coefficients: ClassVar[tuple[str, ...]] = (
        "start_s",
        "step_s",
        "product_s",
        "flop_s",
        "left_value_s",
        "right_value_s",
        "out_value_s",
    )

    @property
    def least_points(self) -> int:
        return 10

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        rows, inner, columns = operation.rows, operation.inner, operation.columns
        return (
            coefficients["start_s"]
            + coefficients["step_s"] * operation.dependent_steps
            + coefficients["flop_s"] * operation.flops
            + operation.products
            * (
                coefficients["product_s"]
                + coefficients["left_value_s"] * rows * inner
                + coefficients["right_value_s"] * inner * columns
                + coefficients["out_value_s"] * rows * columns
            )
        )

    def columns(self, sizes: Sizes) -> Numbers:
        one = np.ones(len(sizes))
        values = [sizes.left, sizes.right, sizes.out]
        return np.stack([one, sizes.dependent_steps, sizes.products, sizes.flops, *values], axis=1)

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        if not (sizes.out > 0).all():
            raise Fault(
                f"{what}: the law `product` needs rows, inner and columns at every point: choose another form"
            )
        return super().fitted(sizes, time_s, what)


class AffineLaw(Law):
    """t = start + FLOPs x s: a latency and a rate."""

    name = "affine"
    coefficients: ClassVar[tuple[str, ...]] = ("start_s", "flop_s")

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        return coefficients["start_s"] + coefficients["flop_s"] * operation.flops

    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        return coefficients["start_s"] + coefficients["flop_s"] * sizes.flops

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        columns = np.stack([np.ones(len(sizes)), sizes.flops], axis=1)
        start, flop = _added(columns, time_s, what)
        return {"start_s": float(start), "flop_s": float(flop)}


class RooflineLaw(Law):
    """t = max(FLOPs x s, bytes x s): either the arithmetic or the memory bounds it."""

    name = "roofline"
    coefficients: ClassVar[tuple[str, ...]] = ("flop_s", "byte_s")

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        return max(coefficients["flop_s"] * operation.flops, coefficients["byte_s"] * operation.bytes_moved)

    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        return np.maximum(coefficients["flop_s"] * sizes.flops, coefficients["byte_s"] * sizes.bytes_moved)

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        columns = np.stack([sizes.flops, sizes.bytes_moved], axis=1)
        if not (columns.max(axis=1) > 0).all():
            raise Fault(
                f"{what}: the law `roofline` needs FLOPs or bytes above 0 at every point: choose another form"
            )
        return dict(zip(self.coefficients, map(float, _larger(columns, time_s, what)), strict=True))


def _added(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
    """Non-negative factors of columns [points, n] whose sum is nearest to the times, by robust differences of logs."""
    from scipy.optimize import nnls

    # In relative errors, each column of the size of 1, so that a start of microseconds weighs as much as a rate.
    relative = columns / time_s[:, None]
    scale = relative.max(axis=0)
    scale[scale == 0] = 1.0
    scaled = relative / scale
    try:
        start = nnls(scaled, np.ones(len(time_s)))[0]
    except RuntimeError as error:
        raise Fault(f"{what}: no non-negative law fits: measure more sizes, from small to large") from error
    tiny = 1e-12

    def residuals(factors: Numbers) -> Numbers:
        return np.asarray(np.log(scaled @ factors + tiny))

    def jacobian(factors: Numbers) -> Numbers:
        return np.asarray(scaled / (scaled @ factors + tiny)[:, None])

    lower, upper = np.zeros(len(scale)), np.full(len(scale), 1e6)
    starts = [np.maximum(start, 1e-4)]
    found = robust_least_squares(residuals, starts, lower, upper, what, jacobian)
    # What the bounded search leaves at a bound's edge is zero.
    found[found * scaled.max(axis=0) < 1e-7] = 0.0
    return found / scale


def _larger(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
    """Factors of two columns whose larger product is nearest to the times, by robust differences of logs."""
    relative = columns / time_s[:, None]
    used = relative.max(axis=0) > 0
    # Start so that each column alone gives the median time, and by halves of it.
    centre = np.array([-np.log(np.median(one[one > 0])) if (one > 0).any() else 0.0 for one in relative.T])
    with np.errstate(divide="ignore"):
        logs = np.where(used, np.log(relative), -np.inf)

    def residuals(parameters: Numbers) -> Numbers:
        return np.asarray((logs + parameters).max(axis=1))

    def jacobian(parameters: Numbers) -> Numbers:
        binding = (logs + parameters).argmax(axis=1)
        return np.eye(2)[binding]

    lower, upper = centre - 20.0, centre + 20.0
    shifts = ((0.0, 0.0), (-0.7, 0.0), (0.0, -0.7), (-3.0, 0.0), (0.0, -3.0))
    starts = [centre + np.array(shift) for shift in shifts]
    found = robust_least_squares(residuals, starts, lower, upper, what, jacobian)
    # A bound that no point reaches was not measured: it is left out.
    reached = np.bincount((logs + found).argmax(axis=1), minlength=2) > 0
    return np.where(used & reached, np.exp(found), 0.0)
