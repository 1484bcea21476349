"""Savings of all clocks of a sweep have one family of intervals, because the best of them is picked."""

import numpy as np
import pytest

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose_cell
from wattshed.clocks.choosing.estimates import joint_bounds
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.foundation.vocabulary import Worth

DRAWS = 2000


def draws_of(random, clocks, repeats, truth=0.0):
    """Means of repeats and their resamples: [1 + DRAWS, clocks]."""
    data = truth + random.standard_normal((clocks, repeats))
    places = random.integers(repeats, size=(DRAWS, repeats))
    return np.concatenate([data.mean(axis=1)[None], data[:, places].mean(axis=2).T])


def test_all_clocks_together_are_covered():
    """Each alone would miss one of ten clocks in about 40 % of sweeps."""
    random = np.random.default_rng(3)
    held = []
    for _ in range(200):
        low, high = joint_bounds(draws_of(random, 10, 10), np.full(10, 10), pooled=True)
        held.append(((low <= 0) & (high >= 0)).all())
    assert np.mean(held) >= 0.92


def test_more_clocks_and_fewer_repeats_have_wider_bounds():
    random = np.random.default_rng(4)
    draws = draws_of(random, 10, 10)
    widths = [
        (high - low)[0]
        for low, high in (
            joint_bounds(draws[:, :1], np.array([10]), pooled=True),
            joint_bounds(draws, np.full(10, 10), pooled=True),
            joint_bounds(draws, np.full(10, 3), pooled=True),
        )
    ]
    assert widths == sorted(widths)
    assert widths[2] / widths[1] == pytest.approx(np.sqrt(1.5 / (10 / 9)))


def test_without_spread_the_bounds_are_the_value():
    low, high = joint_bounds(np.ones((5, 3)), np.full(3, 5), pooled=False)
    assert low.tolist() == high.tolist() == [1.0, 1.0, 1.0]


def test_where_no_clock_saves_a_lower_one_is_rarely_called_worth_it():
    """Power falls as slowly as time grows, so that every clock takes nearly the same energy.

    A sweep of all planned windows: taking out the medians needs the same number of repeats at each clock.
    """
    laws = SimulatedBlock(noise_cv=0.02, compute_share=0.05)
    worth = 0
    for seed in range(30):
        block = ClocksBlock(simulated=laws, seed=seed, repeats=3, points=12, search={"kind": "full"})
        frame = run_sweep(SimulatedClocks(laws, seed), lambda: None, block)
        # The true energy of each clock is taken out; its noise stays.
        typical = frame.groupby("setting")["energy_j"].transform("median")
        frame["energy_j"] *= frame["energy_j"].median() / typical
        frame["power_w"] = frame["energy_j"] / frame["time_s"]
        worth += choose_cell(frame, Limits(0.05), seed=seed).outcome == Worth.WORTH_IT
    assert worth <= 2
