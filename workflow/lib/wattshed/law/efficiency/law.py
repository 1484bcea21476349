"""A law of time: its formula for one operation and for arrays, and its fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.cross_validation import group_folds, held_out_times
from wattshed.law.efficiency.measures import mean_error_share
from wattshed.law.efficiency.sizes import Numbers, Sizes, check_points, sizes_from
from wattshed.law.operations.operation import Operation
from wattshed.law.profile.device_profile import TimeLaw

Coefficients = Mapping[str, float]


class Law(ABC):
    """One form of t(operation). Coefficients are in seconds and FLOPs, named with their units."""

    name: ClassVar[str]
    coefficients: ClassVar[tuple[str, ...]]
    # Of coefficients that have a largest value; none is negative.
    largest: ClassVar[Mapping[str, float]] = {}

    @abstractmethod
    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        """Seconds of one call, by the mathematics of plain floats."""

    @abstractmethod
    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        """Seconds of one call of each operation [points]."""

    @abstractmethod
    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        """Coefficients by robust least squares of log time; Fault, in one sentence, for points that it cannot take."""

    def settled(self, sizes: Sizes, time_s: Numbers) -> Law:
        """The law with all that a fit takes from the points' extremes, so that refits to a part are comparable."""
        return self

    @property
    def least_points(self) -> int:
        """Points that a fit with a check on left-out groups needs."""
        return len(self.coefficients) + 2

    def fit(
        self,
        flops: ArrayLike,
        bytes_moved: ArrayLike | None,
        dependent_steps: ArrayLike | None,
        tensors: ArrayLike | None,
        time_s: ArrayLike,
        groups: ArrayLike,
        what: str = "the points",
    ) -> TimeLaw:
        """The law fitted to all points, with its mean error on left-out groups.

        All arrays are [points]; None for bytes and tensors means 0, for dependent steps 1.
        """
        sizes = sizes_from(flops, bytes_moved, dependent_steps, tensors)
        return self.fit_sizes(sizes, np.asarray(time_s, dtype=np.float64), groups, what)

    def fit_sizes(
        self, sizes: Sizes, time_s: Numbers, groups: ArrayLike, what: str = "the points"
    ) -> TimeLaw:
        """As ``fit``, from sizes."""
        check_points(sizes, time_s, what, self.least_points)
        folds = group_folds(groups, what=what)
        if folds.shape != time_s.shape:
            raise Fault(f"{what}: {folds.size} groups for {time_s.size} times: give each point its group")
        kept = len(time_s) - int(np.bincount(folds).max())
        if kept < self.least_points - 2:
            raise Fault(
                f"{what}: without the largest group only {kept} points are left for the law `{self.name}`, which needs "
                f"{self.least_points - 2}: measure more sizes, or groups of about the same size"
            )

        def without(some: Sizes, seconds: Numbers) -> Any:
            return self.fitted(some, seconds, what)

        held_out = held_out_times(without, self.times_s, sizes, time_s, folds)
        return TimeLaw(
            form=self.name,
            coefficients=self.fitted(sizes, time_s, what),
            error_share=mean_error_share(held_out, time_s),
            points=len(time_s),
            flops_low=float(sizes.flops.min()),
            flops_high=float(sizes.flops.max()),
        )
