"""The rivals: laws that add, or take the larger of, times that are proportional to sizes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.law import Coefficients, Law
from wattshed.law.efficiency.robust import added, first_guess, larger, robust_cost
from wattshed.law.efficiency.sizes import Numbers, Sizes
from wattshed.law.operations.operation import Operation

# Bytes that fit in a cache, and seconds of each byte beyond them.
CACHE = ("cache_bytes", "beyond_byte_s")
# Bytes of a call from which on its arrays get new pages, and seconds of each byte then.
PAGES = ("page_bytes", "page_byte_s")
# Values of single precision that 512 bits hold.
LANES = 16
PAGE_QUANTILES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Sizes of the cache that are tried first.
TRIED = 12


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
        columns = self.columns(sizes)
        return np.asarray(
            columns @ np.array([coefficients[name] for name in self.coefficients[: columns.shape[1]]])
        )

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        found = _told_added(self.columns(sizes), time_s, what)
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

    def check(self, sizes: Sizes, what: str) -> None:
        """Fault for operations that are not products."""
        if not (sizes.out > 0).all():
            raise Fault(
                f"{what}: the law `{self.name}` needs rows, inner and columns at every point: choose another form"
            )

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        self.check(sizes, what)
        return super().fitted(sizes, time_s, what)


class WithCache(AdditiveLaw):
    """Adds more for each byte beyond those that fit in a cache, whose size is fitted too."""

    @property
    def least_points(self) -> int:
        return super().least_points + 2

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        return super().time_s(coefficients, operation) + _beyond_s(coefficients, operation)

    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        return super().times_s(coefficients, sizes) + _all_beyond_s(coefficients, sizes)

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        return _fitted_with_cache(self, sizes, time_s, what)


class CachedLaw(WithCache):
    """As ``additive``, with a cache."""

    name = "cached"
    coefficients: ClassVar[tuple[str, ...]] = (*AdditiveLaw.coefficients, *CACHE)


class CachedProductLaw(WithCache, ProductLaw):
    """As ``product``, with a cache."""

    name = "cached_product"
    coefficients: ClassVar[tuple[str, ...]] = (*ProductLaw.coefficients, *CACHE)

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        self.check(sizes, what)
        return super().fitted(sizes, time_s, what)


class PagedLaw(AdditiveLaw):
    """As ``additive``, more for each byte of a call that moves more than ``page_bytes``, and for FLOPs on full lanes.

    A processor computes :data:`LANES` values of a row at once: rows of 8 values take as long as rows of 16, and as much
    work space.

    The C library asks the system for new pages in every call that needs a large array, and these are filled with zeros
    first. It is fitted together with the other parts of a layer (``calibration/fits/joint.py``).
    """

    name = "paged"
    coefficients: ClassVar[tuple[str, ...]] = (*AdditiveLaw.coefficients, "lane_flop_s", *PAGES)

    @property
    def least_points(self) -> int:
        return super().least_points + 3

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        share = lane_share(operation.columns)
        padded = share * operation.bytes_moved
        return (
            super().time_s(coefficients, operation)
            + coefficients["lane_flop_s"] * share * operation.flops
            + coefficients["page_byte_s"] * (padded if padded > coefficients["page_bytes"] else 0.0)
        )

    def columns(self, sizes: Sizes) -> Numbers:
        lanes = sizes.flops * _lane_shares(sizes)
        return np.concatenate([super().columns(sizes), lanes[:, None]], axis=1)

    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        pages = paged_bytes(sizes.bytes_moved * _lane_shares(sizes), coefficients["page_bytes"])
        return super().times_s(coefficients, sizes) + coefficients["page_byte_s"] * pages

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        """The threshold that leaves the least loss, among quantiles of the points' bytes."""
        columns, best = self.columns(sizes), (np.inf, np.zeros(0), 0.0)
        padded = sizes.bytes_moved * _lane_shares(sizes)
        for page_bytes in np.unique(np.quantile(padded, PAGE_QUANTILES)):
            wider = np.concatenate([columns, paged_bytes(padded, page_bytes)[:, None]], axis=1)
            found = _told_added(wider, time_s, what)
            loss = _loss(wider @ found, time_s)
            if loss < best[0]:
                best = loss, found, float(page_bytes)
        _, found, page_bytes = best
        return dict(
            zip(self.coefficients, (*map(float, found[:-1]), page_bytes, float(found[-1])), strict=True)
        )


def lane_share(columns: int) -> float:
    """What a row of ``columns`` values costs against its own FLOPs, when the last of its blocks is not full."""
    return -(-columns // LANES) * LANES / columns if columns > 0 else 1.0


def _lane_shares(sizes: Sizes) -> Numbers:
    return np.array([lane_share(round(width)) for width in sizes.widths])


def paged_bytes(bytes_moved: Numbers, page_bytes: float) -> Numbers:
    """The bytes of calls that move more than ``page_bytes``, 0 for all others."""
    return np.where(bytes_moved > page_bytes, bytes_moved, 0.0)


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
        start, flop = added(columns, time_s, what)
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
        return dict(zip(self.coefficients, map(float, larger(columns, time_s, what)), strict=True))


def _told_added(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
    """Factors of the columns; 0 for constant ones, which say nothing beside the start."""
    told = np.array([True, *(np.ptp(columns[:, 1:], axis=0) > 0)])
    found = np.zeros(columns.shape[1])
    found[told] = added(columns[:, told], time_s, what)
    return found


def _beyond_s(coefficients: Coefficients, operation: Operation) -> float:
    return coefficients["beyond_byte_s"] * max(0.0, operation.bytes_moved - coefficients["cache_bytes"])


def _all_beyond_s(coefficients: Coefficients, sizes: Sizes) -> Numbers:
    return np.asarray(
        coefficients["beyond_byte_s"] * np.maximum(0.0, sizes.bytes_moved - coefficients["cache_bytes"])
    )


def _loss(predicted_s: Numbers, time_s: Numbers) -> float:
    """Robust loss of log time; a predicted time of 0 is far off, not infinitely."""
    return float(robust_cost(np.log(np.maximum(predicted_s / time_s, 1e-12))))


def _fitted_with_cache(law: AdditiveLaw, sizes: Sizes, time_s: Numbers, what: str) -> dict[str, float]:
    """The law's coefficients with the cache that leaves the least loss."""
    from scipy.optimize import minimize_scalar

    if np.ptp(sizes.bytes_moved) == 0:
        raise Fault(
            f"{what}: the law `{law.name}` needs bytes that differ between the points: choose another form"
        )
    low, high = np.quantile(sizes.bytes_moved[sizes.bytes_moved > 0], (0.1, 0.9))
    columns = law.columns(sizes)

    def with_cache(log_cache: float) -> Numbers:
        return np.concatenate(
            [columns, np.maximum(0.0, sizes.bytes_moved - np.exp(log_cache))[:, None]], axis=1
        )

    def guessed_loss(log_cache: float) -> float:
        wider = with_cache(log_cache)
        guess = wider @ first_guess(wider, time_s, what)
        return _loss(guess, time_s)

    grid = np.linspace(np.log(low), np.log(high), TRIED)
    best = int(np.argmin([guessed_loss(one) for one in grid]))
    ends = (grid[max(best - 1, 0)], grid[min(best + 1, TRIED - 1)])
    between = minimize_scalar(
        guessed_loss, bounds=ends, method="bounded", options={"xatol": 1e-3, "maxiter": 25}
    )
    ended = []
    for log_cache in (grid[best], float(between.x)):
        wider = with_cache(log_cache)
        found = _told_added(wider, time_s, what)
        ended.append((_loss(wider @ found, time_s), float(np.exp(log_cache)), found))
    _, cache, found = min(ended, key=lambda one: one[0])
    return dict(zip(law.coefficients, map(float, (*found[:-1], cache, found[-1])), strict=True))
