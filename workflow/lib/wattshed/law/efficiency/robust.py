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
