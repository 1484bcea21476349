"""Mean time and power of each measured setting, and the noise of one window."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.contamination.repeats import MAD_TO_SD

# What is believed of the noise before anything was repeated: about 2 %, worth one repeat.
PRIOR_NOISE = 0.02
PRIOR_FREEDOM = 1.0
LEAST_NOISE = 0.002
# A window further from its setting's median than this many typical deviations counts as if it were that far.
MOST_DEVIATIONS = 4.0


@dataclass(frozen=True)
class SettingMeans:
    """Per measured setting [J], ascending: mean time of a call [s], mean power [W], number of windows.

    time_noise, power_noise: standard deviation of one window, as a share, pooled over the settings; ``freedom`` is the
    number of repeats behind it.
    """

    settings: np.ndarray
    time_s: np.ndarray
    power_w: np.ndarray
    counts: np.ndarray
    time_noise: float
    power_noise: float
    freedom: float


def setting_means(rows: pd.DataFrame) -> SettingMeans:
    """From rows that count (columns setting, time_s, power_w); at least one."""
    settings, which, counts = np.unique(
        rows["setting"].to_numpy(dtype=np.int64), return_inverse=True, return_counts=True
    )
    time_s, time_noise = _means(rows["time_s"].to_numpy(dtype=float), which, counts)
    power_w, power_noise = _means(rows["power_w"].to_numpy(dtype=float), which, counts)
    return SettingMeans(
        settings, time_s, power_w, counts, time_noise, power_noise, PRIOR_FREEDOM + len(rows) - len(settings)
    )


def _means(values: np.ndarray, which: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, float]:
    centres = np.array([np.median(values[which == place]) for place in range(len(counts))])
    errors = values / centres[which] - 1
    repeated = counts[which] > 2
    typical = MAD_TO_SD * float(np.median(np.abs(errors[repeated]))) if repeated.any() else PRIOR_NOISE
    most = MOST_DEVIATIONS * max(typical, LEAST_NOISE)
    errors = np.clip(errors, -most, most)
    shifts = np.bincount(which, weights=errors) / counts
    squares = float(((errors - shifts[which]) ** 2).sum())
    freedom = len(values) - len(counts)
    variance = (PRIOR_FREEDOM * PRIOR_NOISE**2 + squares) / (PRIOR_FREEDOM + freedom)
    return centres * (1 + shifts), max(LEAST_NOISE, float(np.sqrt(variance)))
