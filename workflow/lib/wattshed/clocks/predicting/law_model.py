"""Laws through the probes alone: T = a + b fmax/f and P = p0 + p1 (f/fmax)^k. Nothing is learnt from other workloads.

The curves go through the probes: what a law leaves over there is interpolated between them. Three probes let the
exponent be fitted; with two it is ``TYPICAL_EXPONENT``. One probe says nothing about a slope: the answer is then None.
"""

import numpy as np
from scipy.optimize import nnls

# Fits of recorded boards gave 1.25 (V100) to 3.5 (RTX8000).
TYPICAL_EXPONENT = 2.5
EXPONENTS = np.arange(1.0, 4.01, 0.25)


def predict_by_law(
    probe_shares: np.ndarray, time_s: np.ndarray, power_w: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Time [C] and power [C] relative to the maximum at ``shares`` [C], from probes [K] that include the maximum."""
    if len(probe_shares) < 2:
        return None
    times = _through(probe_shares, 1 / probe_shares, time_s, shares, 1 / shares)
    exponents = EXPONENTS if len(probe_shares) > 2 else np.array([TYPICAL_EXPONENT])
    errors = [_misfit(probe_shares**k, power_w) for k in exponents]
    best = float(exponents[int(np.argmin(errors))])
    powers = _through(probe_shares, probe_shares**best, power_w, shares, shares**best)
    top = int(np.argmax(shares))
    return times / times[top], powers / powers[top]


def _solve(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Two coefficients >= 0 that fit y = c0 + c1 x with the least relative error."""
    design = np.stack([np.ones_like(x), x], axis=1) / y[:, None]
    found: np.ndarray = nnls(design, np.ones_like(y))[0]
    return found


def _fitted(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    base, slope = _solve(x, y)
    return np.asarray(base + slope * at, dtype=float)


def _through(
    probe_shares: np.ndarray, x: np.ndarray, y: np.ndarray, shares: np.ndarray, at: np.ndarray
) -> np.ndarray:
    order = np.argsort(probe_shares)
    left = np.log(y / _fitted(x, y, x))[order]
    return np.asarray(_fitted(x, y, at) * np.exp(np.interp(shares, probe_shares[order], left)))


def _misfit(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.square(_fitted(x, y, x) / y - 1).sum())
