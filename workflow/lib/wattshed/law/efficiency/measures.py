"""How far times and efficiencies are from measured ones."""

import numpy as np

from wattshed.law.efficiency.sizes import Numbers


def mean_error_share(predicted: Numbers, measured: Numbers) -> float:
    """Mean absolute relative error (MAPE), as a fraction."""
    return float(np.mean(np.abs(predicted / measured - 1)))


def r2(predicted: Numbers, measured: Numbers) -> float:
    """Share of the variance that is explained; NaN where the measured values do not vary."""
    spread = float(np.sum((measured - np.mean(measured)) ** 2))
    return 1 - float(np.sum((measured - predicted) ** 2)) / spread if spread > 0 else float("nan")


def efficiencies(flops: Numbers, time_s: Numbers, peak_flop_per_s: float) -> Numbers:
    """Rate of an operation as a fraction of the device's peak."""
    return flops / time_s / peak_flop_per_s


def paper_pseudo_us(time_s: Numbers) -> Numbers:
    """Times in the unit of the source, which takes percent as multipliers: a hundredth of microseconds."""
    return np.asarray(time_s, dtype=np.float64) * 1e4
