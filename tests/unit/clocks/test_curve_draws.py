"""Curves over all legal settings hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest

from wattshed.clocks.choosing.fitting.curve_draws import draw_curves
from wattshed.clocks.choosing.fitting.laws import power_laws, time_laws
from wattshed.clocks.choosing.fitting.setting_means import setting_means
from wattshed.clocks.choosing.law_estimates import estimate_by_laws
from wattshed.clocks.contamination.usable import usable_sweep

LEGAL = tuple(range(510, 1411, 15))
SHARE = np.array(LEGAL) / LEGAL[-1]
PLAIN_S = 0.01 * (0.6 / SHARE + 0.4)
KNEE_S = 0.01 * (1 + np.maximum(1 / SHARE - 1.5, 0))
POWER_W = 90 + 210 * SHARE**2.5


def rows(times_s, noise, repeats=4, seed=0, settings=LEGAL[::6]):
    random = np.random.default_rng(seed)
    at = np.repeat(np.searchsorted(LEGAL, settings), repeats)
    factors = 1 + noise * random.standard_normal((2, len(at)))
    return pd.DataFrame(
        {
            "setting": np.array(LEGAL)[at],
            "time_s": times_s[at] * factors[0],
            "power_w": POWER_W[at] * factors[1],
        }
    )


def drawn(frame, seed=0, draws=400):
    return draw_curves(setting_means(frame), LEGAL, draws, np.random.default_rng(seed))


@pytest.mark.parametrize("times_s", [PLAIN_S, KNEE_S])
def test_little_noise_gives_the_true_curves_also_between_measured_settings(times_s):
    curves = drawn(rows(times_s, 0.0005, repeats=6))
    assert curves.time_s.shape == curves.power_w.shape == (400, len(LEGAL))
    assert curves.time_s.mean(axis=0) == pytest.approx(times_s, rel=0.01)
    assert curves.energy_j.mean(axis=0) == pytest.approx(times_s * POWER_W, rel=0.012)


@pytest.mark.parametrize("times_s", [PLAIN_S, KNEE_S])
def test_intervals_of_the_slowdown_hold_the_truth(times_s):
    truth = times_s / times_s[-1] - 1
    held = []
    for seed in range(40):
        low, high = np.quantile(drawn(rows(times_s, 0.03, seed=seed), seed).slowdown, (0.025, 0.975), axis=0)
        held.append(((low - 1e-9 <= truth) & (truth <= high + 1e-9))[20:-1].mean())
    assert np.mean(held) > 0.88


def test_slowdown_and_saving_are_relative_to_the_maximum_and_keep_their_signs():
    curves = drawn(rows(PLAIN_S, 0.01))
    assert (curves.slowdown[:, -1] == 0).all()
    assert (curves.saving[:, -1] == 0).all()
    assert curves.slowdown[:, 0].min() > 0.2
    assert curves.saving[:, 40].mean() > 0


def test_work_that_no_law_explains_is_known_only_where_it_was_measured():
    bumpy = PLAIN_S * (1 + 0.15 * np.sin(np.arange(len(LEGAL)) * 1.3))
    curves = drawn(rows(bumpy, 0.005, repeats=5))
    assert curves.time_misfit > 0.03
    measured = np.isin(LEGAL, LEGAL[::6])
    spread = curves.time_s.std(axis=0) / curves.time_s.mean(axis=0)
    assert spread[measured].max() < 0.5 * np.median(spread[~measured])
    assert curves.time_s.mean(axis=0)[measured] == pytest.approx(bumpy[measured], rel=0.02)
    assert drawn(rows(PLAIN_S, 0.005, repeats=5)).time_misfit < 0.015


def test_draws_are_seeded():
    frame = rows(PLAIN_S, 0.03)
    assert (drawn(frame, 5).time_s == drawn(frame, 5).time_s).all()
    assert (drawn(frame, 5).time_s != drawn(frame, 6).time_s).any()


def test_draws_at_measured_settings_do_not_depend_on_the_others():
    """So a search, which sees all legal settings, and the choice, which sees the measured ones, agree."""
    frame = rows(KNEE_S, 0.03)
    means, measured = setting_means(frame), LEGAL[::6]
    among, alone = (
        draw_curves(means, settings, 200, np.random.default_rng(3)) for settings in (LEGAL, measured)
    )
    assert among.time_s[:, ::6] == pytest.approx(alone.time_s, rel=1e-6)
    assert among.power_w[:, ::6] == pytest.approx(alone.power_w, rel=1e-6)


def test_many_repeats_elsewhere_do_not_make_one_setting_certain():
    """A wave of 2 % that no law has: a setting's own windows tell what it does."""
    settings = LEGAL[::6]
    frame = rows(PLAIN_S * (1 + 0.02 * np.sin(30 * SHARE)), 0.02, repeats=60, settings=settings)
    once = frame[(frame["setting"] != settings[7]) | ~frame.duplicated("setting")]
    spread = [drawn(one).slowdown[:, 42].std() for one in (once, frame)]
    assert spread[0] > 1.5 * spread[1]
    assert spread[0] > 0.003


@pytest.mark.parametrize("count", [2, 3, 4, 117])
def test_laws_exist_for_any_number_of_settings(count):
    share = np.linspace(0.3, 1, count)
    for laws in (time_laws(share, share), power_laws(share, share)):
        assert np.isfinite(laws.design).all()
        assert 0.4 < np.exp(laws.log_weights).sum() <= 1 + 1e-9
        assert laws.design.shape[:2] == (len(laws.log_weights), count)


def test_one_wild_window_moves_a_mean_little():
    frame = rows(PLAIN_S, 0.01, repeats=5)
    before = setting_means(frame)
    frame.loc[frame.index[2], "time_s"] *= 3
    after = setting_means(frame)
    assert after.time_s == pytest.approx(before.time_s, rel=0.02)
    assert after.time_noise < 2 * before.time_noise


def test_noise_is_that_of_one_window():
    means = setting_means(rows(PLAIN_S, 0.03, repeats=40))
    assert means.time_noise == pytest.approx(0.03, rel=0.1)
    assert means.power_noise == pytest.approx(0.03, rel=0.1)
    assert means.counts.tolist() == [40] * len(means.settings)


def test_a_setting_that_was_measured_once_is_not_taken_for_certain(simulate):
    """A bootstrap of one repeat shows no noise; draws of laws do."""
    frame = simulate()
    once = frame[(frame["setting"] != 690) & ~((frame["setting"] < 1000) & (frame["repeat"] > 1))]
    found = estimate_by_laws(usable_sweep(once).rows, seed=0, draws=300, legal=(510, 690, 1410, 1800))
    assert found.settings[-1] == 1410
    assert 690 in found.settings
    assert 1800 not in found.settings
    assert found.counts[found.settings == 690] == 0
    low, high = found.slowdown_bounds
    assert (high[:-1] > low[:-1]).all()
    truth = 0.6 * (1410 / found.settings - 1)
    assert ((low <= truth + 1e-9) & (truth <= high + 1e-9)).mean() > 0.7
    assert found.slowdown[0] == pytest.approx(found.slowdown[1:].mean(axis=0))
