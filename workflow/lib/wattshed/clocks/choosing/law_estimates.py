"""Estimates of every setting by draws of laws, for interleaved sweeps that measured settings unequally often."""

import numpy as np

from wattshed.clocks.choosing.estimates import Estimates
from wattshed.clocks.choosing.fitting.curve_draws import draw_curves
from wattshed.clocks.choosing.fitting.setting_means import setting_means
from wattshed.clocks.contamination.usable import UsableSweep


def estimate_by_laws(sweep: UsableSweep, *, seed: int, draws: int, legal: tuple[int, ...] = ()) -> Estimates:
    """Row 0 holds the means of the draws. A bootstrap of a setting's own repeats shows no noise at all where there was
    one window, which a search leaves often; draws of laws know it from the other settings.

    sweep: with a window at the maximum and one below it. legal: settings that are added, if between measured ones.
    """
    means = setting_means(sweep.rows)
    low, high = int(means.settings[0]), int(means.settings[-1])
    known = {int(setting) for setting in means.settings}
    settings = tuple(sorted(known | {setting for setting in legal if low < setting < high}))
    curves = draw_curves(means, settings, draws, np.random.default_rng(seed))
    counts = np.zeros(len(settings), dtype=int)
    counts[np.searchsorted(settings, means.settings)] = means.counts
    counts[-1] = len(sweep.baseline)
    time_s, energy_j = curves.time_s[:, -1], curves.energy_j[:, -1]
    return Estimates(
        "law",
        np.array(settings),
        counts,
        _with_mean(time_s),
        _with_mean(energy_j),
        _with_mean(curves.saving),
        _with_mean(curves.slowdown),
    )


def _with_mean(draws: np.ndarray) -> np.ndarray:
    return np.concatenate([draws.mean(axis=0, keepdims=True), draws])
