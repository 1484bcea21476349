"""The source's law: a share of the peak that grows with what one call computes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.law import Coefficients, Law
from wattshed.law.efficiency.robust import robust_cost, robust_least_squares
from wattshed.law.efficiency.sizes import Numbers, Sizes
from wattshed.law.operations.operation import Operation

TERA = 1e12
FORMS = ("mayaki2025",)
# Of log eta_max, log k and alpha.
LOWER = np.array([-25.0, -25.0, 0.02])
UPPER = np.array([1.5, 30.0, 1.0])


def efficiency_law(
    c: ArrayLike,
    eta_max: float,
    k: float,
    alpha: float,
    form: Literal["mayaki2025"] = "mayaki2025",
) -> Numbers:
    """eta(c) = eta_max (1 - exp(-k c^alpha)), as a fraction of the peak (equation 4 of Mayaki et al. 2025).

    c: TFLOP of one layer's operation, any shape; eta_max: a fraction (the source prints percent); k: per TFLOP^alpha.
    """
    if form not in FORMS:
        raise Fault(f"efficiency_law: form {form!r} is unknown: choose one of {', '.join(FORMS)}")
    if not (eta_max > 0 and k > 0 and alpha > 0):
        raise Fault(
            f"efficiency_law: eta_max {eta_max}, k {k} and alpha {alpha} must all be above 0: give fractions, "
            "not percent with a sign"
        )
    tera = np.asarray(c, dtype=np.float64)
    if not (tera >= 0).all():
        raise Fault("efficiency_law: c holds a negative or missing number: give TFLOP >= 0")
    return np.asarray(-eta_max * np.expm1(-k * tera**alpha))


@dataclass(frozen=True)
class EfficiencyLaw(Law):
    """t = flops / (peak eta(c)) with eta as in ``efficiency_law``.

    The peak and eta_max only occur as their product. Where the device's peak is not given, the highest rate that was
    measured is the peak, so that eta_max is near 1. alpha is at most 1: above, time would fall as FLOPs grow.
    """

    peak_flop_per_s: float | None = None

    name = "efficiency"
    coefficients: ClassVar[tuple[str, ...]] = (
        "peak_flop_per_s",
        "eta_max_share",
        "k_per_tflop_alpha",
        "alpha",
    )
    largest: ClassVar[Mapping[str, float]] = {"alpha": 1.0}

    def __post_init__(self) -> None:
        peak = self.peak_flop_per_s
        if peak is not None and not (math.isfinite(peak) and peak > 0):
            raise Fault(f"the law `efficiency`: the peak is {peak} FLOP/s: expected a finite number above 0")

    def settled(self, sizes: Sizes, time_s: Numbers) -> Law:
        return type(self)(self._peak(sizes, time_s))

    def _peak(self, sizes: Sizes, time_s: Numbers) -> float:
        return float((sizes.flops / time_s).max()) if self.peak_flop_per_s is None else self.peak_flop_per_s

    @property
    def least_points(self) -> int:
        return 5

    def time_s(self, coefficients: Coefficients, operation: Operation) -> float:
        if operation.flops <= 0:
            return 0.0
        growth = coefficients["k_per_tflop_alpha"] * (operation.flops / TERA) ** coefficients["alpha"]
        eta = -coefficients["eta_max_share"] * math.expm1(-growth)
        return operation.flops / (coefficients["peak_flop_per_s"] * eta)

    def times_s(self, coefficients: Coefficients, sizes: Sizes) -> Numbers:
        computed = sizes.flops > 0
        flops = np.where(computed, sizes.flops, 1.0)
        growth = coefficients["k_per_tflop_alpha"] * (flops / TERA) ** coefficients["alpha"]
        eta = -coefficients["eta_max_share"] * np.expm1(-growth)
        return np.where(computed, flops / (coefficients["peak_flop_per_s"] * eta), 0.0)

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        if not (sizes.flops > 0).all():
            raise Fault(
                f"{what}: the law `efficiency` needs FLOPs above 0 at every point: choose another form"
            )
        peak = self._peak(sizes, time_s)
        log_eta = np.log(sizes.flops / time_s / peak)
        log_c = np.log(sizes.flops / TERA)

        def residuals(parameters: Numbers) -> Numbers:
            growth = np.exp(parameters[1] + parameters[2] * log_c)
            return np.asarray(parameters[0] + np.log(-np.expm1(-growth)) - log_eta)

        def jacobian(parameters: Numbers) -> Numbers:
            growth = np.exp(parameters[1] + parameters[2] * log_c)
            # d log(1 - exp(-u)) / d log u; expm1 overflows to infinity for large u, where the slope is 0.
            with np.errstate(over="ignore"):
                slope = growth / np.expm1(growth)
            return np.stack([np.ones_like(slope), slope, slope * log_c], axis=1)

        starts = _starts(log_c, log_eta)
        found = robust_least_squares(residuals, starts, LOWER, UPPER, what, jacobian)
        return {
            "peak_flop_per_s": peak,
            "eta_max_share": math.exp(found[0]),
            "k_per_tflop_alpha": math.exp(found[1]),
            "alpha": float(found[2]),
        }


class EfficiencyLawAsPublished(EfficiencyLaw):
    """The same law by plain least squares of the efficiency, as the source fits it, for comparing with its tables.

    Large efficiencies weigh most, so times of small operations are further off than by ``EfficiencyLaw``.
    """

    def fitted(self, sizes: Sizes, time_s: Numbers, what: str = "the points") -> dict[str, float]:
        from scipy.optimize import least_squares

        first = super().fitted(sizes, time_s, what)
        peak = first["peak_flop_per_s"]
        log_c = np.log(sizes.flops / TERA)
        eta = sizes.flops / time_s / peak
        scale = float(eta.max())

        def residuals(parameters: Numbers) -> Numbers:
            grown = -np.expm1(-np.exp(parameters[1] + parameters[2] * log_c))
            return np.asarray((np.exp(parameters[0]) * grown - eta) / scale)

        start = [math.log(first["eta_max_share"]), math.log(first["k_per_tflop_alpha"]), first["alpha"]]
        inside = np.clip(start, LOWER + 1e-6, UPPER - 1e-6)
        found = least_squares(
            residuals, inside, bounds=(LOWER, UPPER), x_scale="jac", xtol=1e-12, ftol=1e-12, max_nfev=2000
        )
        if not found.success:
            raise Fault(
                f"{what}: least squares of the efficiency do not end: measure more sizes, from small to large"
            )
        values = (peak, math.exp(found.x[0]), math.exp(found.x[1]), float(found.x[2]))
        return dict(zip(self.coefficients, values, strict=True))


def _starts(log_c: Numbers, log_eta: Numbers, taken: int = 3) -> list[Numbers]:
    """The best points of a grid: alpha, and how far the law is grown at the median size; eta_max follows."""
    middle = float(np.median(log_c))
    grid = np.array(
        [(alpha, math.log(grown)) for alpha in (0.3, 0.6, 0.8, 1.0) for grown in (0.02, 0.2, 1.0, 4.0)]
    )
    growth = np.exp(grid[:, 1:] + grid[:, :1] * (log_c - middle))
    shapes = np.log(-np.expm1(-growth))
    tops = np.median(log_eta - shapes, axis=1, keepdims=True)
    order = np.argsort(robust_cost(tops + shapes - log_eta), kind="stable")[:taken]
    return [np.array([tops[at, 0], grid[at, 1] - grid[at, 0] * middle, grid[at, 0]]) for at in order]
