"""Robust least squares: several starts, and one sentence where none of them ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.sizes import Numbers

# Differences of logarithms up to about this size count squared, larger ones by their absolute value.
SCALE = 0.1


def robust_cost(residuals: Numbers) -> Numbers:
    """Sum of soft-L1 losses over the last axis; infinite where a residual is missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        losses = 2 * SCALE**2 * (np.sqrt(1 + (residuals / SCALE) ** 2) - 1)
        total = np.asarray(losses.sum(axis=-1))
    return np.where(np.isfinite(total), total, np.inf)


def robust_least_squares(
    residuals: Callable[[Numbers], Numbers],
    starts: Sequence[Numbers],
    lower: Numbers,
    upper: Numbers,
    what: str,
    jacobian: Callable[[Numbers], Numbers] | None = None,
) -> Numbers:
    """The parameters with the least soft-L1 loss, from the best of several starts.

    residuals: of parameters [n] -> differences of logarithms [points]; jacobian: of these [points, n], by differences
    without it. Fault if no start ends in finite numbers.
    """
    from scipy.optimize import least_squares

    best, least = None, np.inf
    for start in starts:
        inside = np.clip(start, lower + 1e-9 * (upper - lower), upper - 1e-9 * (upper - lower))
        if not np.isfinite(residuals(inside)).all():
            continue
        found = least_squares(
            residuals,
            inside,
            jac=jacobian if jacobian is not None else "2-point",
            bounds=(lower, upper),
            loss="soft_l1",
            f_scale=SCALE,
            x_scale="jac",
            max_nfev=200,
        )
        if np.isfinite(found.cost) and found.cost < least:
            best, least = found.x, found.cost
    if best is None:
        raise Fault(
            f"{what}: no fit ends in finite numbers: measure more sizes, from small to large, or choose another form"
        )
    return np.asarray(best, dtype=np.float64)


def _scaled(columns: Numbers, time_s: Numbers) -> tuple[Numbers, Numbers]:
    """Columns relative to the times, each with a largest value of 1, and what they were divided by."""
    relative = columns / time_s[:, None]
    scale = relative.max(axis=0)
    scale[scale == 0] = 1.0
    return relative / scale, scale


def first_guess(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
    """Non-negative factors of columns [points, n] by least squares of relative errors."""
    from scipy.optimize import nnls

    scaled, scale = _scaled(columns, time_s)
    try:
        return np.asarray(nnls(scaled, np.ones(len(time_s)))[0] / scale)
    except RuntimeError as error:
        raise Fault(f"{what}: no non-negative law fits: measure more sizes, from small to large") from error


def added(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
    """Non-negative factors of columns [points, n] whose sum is nearest to the times, by robust differences of logs."""
    # In relative errors, each column of the size of 1, so that a start of microseconds weighs as much as a rate.
    scaled, scale = _scaled(columns, time_s)
    start = first_guess(columns, time_s, what) * scale
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


def larger(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
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
