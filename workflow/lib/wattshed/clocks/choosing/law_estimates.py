"""Estimates of every setting by draws of laws and of deviations from them, for interleaved sweeps."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.fitting.curve_draws import CurveDraws, draw_curves
from wattshed.clocks.choosing.fitting.setting_means import SettingMeans, setting_means
from wattshed.clocks.choosing.setting_estimates import Estimates


def estimate_by_laws(rows: pd.DataFrame, *, seed: int, draws: int, legal: Iterable[int] = ()) -> Estimates:
    """Row 0 holds the means of the draws. A bootstrap of a setting's own repeats shows no noise at all where there was
    one window, which a search leaves often; draws of laws know it from the other settings.

    rows: that count, some at the maximum and some below it. legal: settings that are added, if between measured ones.
    """
    means = setting_means(rows)
    low, high = int(means.settings[0]), int(means.settings[-1])
    known = {int(setting) for setting in means.settings}
    settings = tuple(sorted(known | {setting for setting in legal if low < setting < high}))
    curves = draw_curves(means, settings, draws, np.random.default_rng(seed))
    return estimates_of(curves, means)


def estimates_of(curves: CurveDraws, means: SettingMeans) -> Estimates:
    """The estimates of drawn curves, whose last setting is the measured maximum."""
    counts = np.zeros(len(curves.settings), dtype=int)
    counts[np.searchsorted(curves.settings, means.settings)] = means.counts
    return Estimates(
        "law",
        curves.settings.astype(int),
        counts,
        _with_mean(curves.time_s[:, -1]),
        _with_mean(curves.energy_j[:, -1]),
        _with_mean(curves.saving),
        _with_mean(curves.slowdown),
    )


def _with_mean(draws: np.ndarray) -> np.ndarray:
    return np.concatenate([draws.mean(axis=0, keepdims=True), draws])
