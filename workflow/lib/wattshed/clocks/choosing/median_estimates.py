"""Estimates from medians, for sweeps that ran from one end to the other: drift would bias a fit over all settings.

A setting's value is the median over the settings within 2.5 % of the maximum to either side: five neighbours on a full
sweep in steps of 15 MHz, the setting alone on a sparse one. Draws are a bootstrap of each setting's repeats.
"""

import numpy as np

from wattshed.clocks.choosing.setting_estimates import Estimates
from wattshed.clocks.contamination.usable import UsableSweep

COLUMNS = ["time_s", "energy_j"]
NEIGHBOURHOOD = 0.025


def estimate_by_medians(sweep: UsableSweep, *, seed: int, draws: int) -> Estimates:
    """Row 0 holds the data. The baseline is the median of all runs at and near the maximum that count."""
    settings, starts, counts = np.unique(
        sweep.rows["setting"].to_numpy(dtype=float), return_index=True, return_counts=True
    )
    # The usable rows are in the order of their settings.
    groups = np.split(sweep.rows[COLUMNS].to_numpy(dtype=float), starts[1:])
    drawn = _draw(groups, seed, draws)
    medians = np.stack([np.median(one, axis=1) for one in drawn], axis=1)
    time_s, energy_j = (running_median(settings, medians[:, :, column]) for column in range(2))
    near = np.isin(settings, sweep.baseline_settings)
    pooled = np.concatenate([one for one, chosen in zip(drawn, near, strict=True) if chosen], axis=1)
    base_s, base_j = np.median(pooled[:, :, 0], axis=1), np.median(pooled[:, :, 1], axis=1)
    lower = settings < sweep.maximum
    nothing = np.zeros((1 + draws, 1))
    return Estimates(
        "median",
        np.append(settings[lower], sweep.maximum).astype(int),
        np.append(counts[lower], len(sweep.baseline)),
        base_s,
        base_j,
        np.hstack([(1 - energy_j / base_j[:, None])[:, lower], nothing]),
        np.hstack([(time_s / base_s[:, None] - 1)[:, lower], nothing]),
    )


def running_median(settings: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Median of ``values`` [B, C] over each setting's neighbourhood."""
    reach = NEIGHBOURHOOD * settings.max()
    return np.stack(
        [np.median(values[:, np.abs(settings - one) <= reach], axis=1) for one in settings], axis=1
    )


def _draw(groups: list[np.ndarray], seed: int, draws: int) -> list[np.ndarray]:
    """For each setting [n, 2] the data and resamples of its repeats: [1 + draws, n, 2]."""
    random = np.random.default_rng(seed)
    return [
        np.concatenate([rows[None], rows[random.integers(len(rows), size=(draws, len(rows)))]])
        for rows in groups
    ]
