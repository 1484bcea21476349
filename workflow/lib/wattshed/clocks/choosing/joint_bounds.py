"""Bounds that hold for all settings together, since the one that saves most is picked by the same data."""

import math

import numpy as np

from wattshed.statistics.levels import LEVEL


def joint_bounds(draws: np.ndarray, repeats: np.ndarray, *, pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Bounds [C] that hold for all settings together with 95 %.

    draws: [B, C], row 0 the data itself, the others resamples; repeats: of each setting; pooled: whether all settings
    are taken to scatter alike, as where each is known by its own few repeats and not by a law of all. Bootstrap with
    the largest studentised deviation over all settings (Westfall and Young 1993, single step). Means of resamples of n
    repeats vary too little by the factor sqrt((n - 1) / n); for medians of few repeats the correction is larger than
    needed.
    """
    few = int(repeats[repeats > 1].min(initial=max(2, int(repeats.max()))))
    deviations = (draws[1:] - draws[0]) * math.sqrt(few / (few - 1))
    spread = deviations.std(axis=0)
    if pooled and (known := spread[spread > 0]).size:
        # A setting that scatters more keeps its own.
        spread = np.maximum(spread, np.sqrt(np.square(known).mean()))
    with np.errstate(invalid="ignore"):
        largest = np.nan_to_num(np.abs(deviations) / spread).max(axis=1, initial=0.0)
    half = float(np.quantile(largest, LEVEL)) * spread
    return draws[0] - half, draws[0] + half
