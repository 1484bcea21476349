"""Intervals cover what they should, verdicts follow the data, and curves pass through what they draw."""

import numpy as np
import pytest

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.curves import efficiency_curves
from wattshed.law.efficiency.intervals import law_intervals
from wattshed.law.efficiency.laws import LAWS
from wattshed.law.efficiency.mayaki import EfficiencyLaw, efficiency_law
from wattshed.law.efficiency.rivals import compare, hold_out, sentence
from wattshed.law.efficiency.sizes import sizes_from
from wattshed.law.profile.device_profile import TimeLaw

FLOPS = np.geomspace(1e8, 1e11, 60)
GROUPS = np.arange(60) % 12


def efficient_times(noise, seed):
    eta = efficiency_law(FLOPS / 1e12, 0.7, 40.0, 0.8)
    return FLOPS / (1e12 * eta) * np.exp(noise * np.random.default_rng(seed).standard_normal(len(FLOPS)))


def affine_times(noise, seed):
    times = 1e-3 + FLOPS / 1e12
    return times * np.exp(noise * np.random.default_rng(seed).standard_normal(len(FLOPS)))


def test_intervals_cover_the_truth_and_new_measurements():
    """90 % intervals of both coefficients, and of new measurements, from 20 noisy data sets."""
    inside, covered = [], []
    for seed in range(20):
        found = law_intervals(
            LAWS["affine"], sizes_from(FLOPS), affine_times(0.05, seed), GROUPS, resamples=60, seed=seed
        )
        truth = {"start_s": 1e-3, "flop_s": 1e-12}
        inside += [low <= truth[name] <= high for name, (low, high) in found.coefficients.items()]
        low, high = found.times_s(sizes_from(FLOPS))
        new = affine_times(0.05, 1000 + seed)
        covered.append(np.mean((low <= new) & (new <= high)))
    assert 0.8 <= np.mean(inside) < 1
    assert 0.85 <= np.mean(covered) <= 0.97


def test_the_peak_is_one_for_all_resamples():
    """The highest rate of each resample would move eta_max without a reason."""
    found = law_intervals(EfficiencyLaw(), sizes_from(FLOPS), efficient_times(0.02, 1), GROUPS, resamples=20)
    low, high = found.coefficients["peak_flop_per_s"]
    assert low == high


def test_intervals_refuse_what_says_nothing():
    sizes, times = sizes_from(FLOPS), affine_times(0.0, 0)
    with pytest.raises(Fault, match=r"the level of an interval is 90: expected a number between 0 and 1"):
        law_intervals(LAWS["affine"], sizes, times, GROUPS, level=90)
    with pytest.raises(Fault, match="all belong to one group"):
        law_intervals(LAWS["affine"], sizes, times, np.zeros(60))
    with pytest.raises(Fault, match="3 points are too few"):
        law_intervals(LAWS["affine"], sizes.taken(GROUPS[:3]), times[:3], GROUPS[:3])


@pytest.mark.parametrize(
    ("times", "verdict"), [(efficient_times, "better"), (affine_times, "worse")], ids=("efficient", "affine")
)
def test_the_verdict_follows_what_made_the_times(times, verdict):
    seconds = times(0.02, 5)
    law, rival = (
        hold_out(LAWS[form], sizes_from(FLOPS), seconds, GROUPS, 1e12) for form in ("efficiency", "affine")
    )
    found = compare(law, rival, seconds, GROUPS)
    assert found.verdict == verdict
    assert found.low_share < found.difference_share < found.high_share
    counted = sentence({"one": [found], "two": [found]}, "affine")
    expected = "beats" if verdict == "better" else "does not beat"
    assert counted.startswith(f"The efficiency law {expected} `affine` in most cases: of 2 it is better in")
    with pytest.raises(Fault, match="compared with roofline in no case"):
        sentence({"one": [found]}, "roofline")


def test_noise_that_hides_the_difference_is_not_decided():
    seconds = affine_times(0.0, 5)
    law = hold_out(LAWS["affine"], sizes_from(FLOPS), seconds, GROUPS, 1e12)
    same = compare(law, law, seconds, GROUPS)
    assert (same.difference_share, same.verdict) == (0, "no clear difference")


def test_curves_pass_through_points_without_noise():
    seconds = efficient_times(0.0, 0)
    curves = efficiency_curves(sizes_from(FLOPS, 3 * FLOPS**0.7), seconds, peak_flop_per_s=1e12)
    assert set(curves.by_form) == {"efficiency", "affine", "roofline"}
    assert curves.efficiency == pytest.approx(efficiency_law(curves.c_tflop, 0.7, 40.0, 0.8))
    assert curves.by_form["efficiency"] == pytest.approx(
        efficiency_law(curves.grid_tflop, 0.7, 40.0, 0.8), rel=1e-3
    )
    assert (curves.grid_tflop[0], curves.grid_tflop[-1]) == pytest.approx((1e-4, 0.1))


def test_curves_take_fitted_laws_and_bytes_that_follow_the_flops():
    """Three points of the same FLOPs have a geometric mean of 3e5 bytes: longer than the arithmetic at 1e-10 s."""
    sizes = sizes_from([1e6, 1e6, 1e6, 1e8, 1e8], [1e5, 3e5, 9e5, 3e6, 3e6])
    law = TimeLaw("roofline", {"flop_s": 1e-12, "byte_s": 1e-10}, 0.1, 5, 1e6, 1e8)
    curves = efficiency_curves(sizes, np.full(5, 1e-3), {"mine": law}, peak_flop_per_s=1e12, grid=3)
    assert curves.by_form["mine"] == pytest.approx(
        [1e6 / 3e-5 / 1e12, 1e7 / (1e-10 * np.sqrt(3e5 * 3e6)) / 1e12, 1e8 / 3e-4 / 1e12]
    )
    with pytest.raises(Fault, match="the law 'cubic' is unknown"):
        efficiency_curves(sizes, np.full(5, 1e-3), {"mine": TimeLaw("cubic", {}, 0, 5, 1, 2)})
    with pytest.raises(Fault, match="needs FLOPs above 0 at every point"):
        efficiency_curves(sizes_from(np.arange(5)), np.full(5, 1e-3))
