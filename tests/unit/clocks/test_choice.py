import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import KEEP, choose_cell
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.foundation.faults import Fault


def choose_clock(frame, share, seed=0):
    return choose_cell(frame, Limits(share), seed=seed)


def assert_strict(choice):
    """Strict JSON, and no number that is not finite."""
    text = json.dumps(choice.to_json(), allow_nan=False)
    for value in json.loads(text).values():
        assert not isinstance(value, float) or math.isfinite(value)


def test_without_noise_the_choice_is_the_best_swept_clock(simulate):
    frame = simulate(noise_cv=0, counter_quantum_s=0)
    choice = choose_clock(frame, 0.05, seed=0)
    by_clock = frame[frame["warm"]].groupby("setting")[["time_s", "energy_j"]].first()
    base = by_clock.loc[1410]
    allowed = by_clock[by_clock["time_s"] <= 1.05 * base["time_s"]]
    best = int(allowed["energy_j"].idxmin())
    assert (choice.status, choice.setting, choice.verdict) == ("use", best, f"use {best} MHz")
    assert choice.estimator == "law"
    assert choice.saving_share == pytest.approx(1 - allowed["energy_j"].min() / base["energy_j"], abs=1e-3)
    assert choice.slowdown_share == pytest.approx(by_clock.loc[best, "time_s"] / base["time_s"] - 1, abs=1e-3)
    assert choice.label == "simulated"
    assert_strict(choice)


def test_noisy_choices_are_within_two_percent_and_keep_the_limit():
    """24 invented GPUs, 3 % noise in time and in power; the oracle knows the laws at the swept clocks.

    A clock is only chosen if it keeps the limit with 95 % certainty: that costs a little energy, and
    the limit is kept almost always.
    """
    random = np.random.default_rng(5)
    near, kept, trials = 0, 0, 24
    for seed in range(trials):
        laws = SimulatedBlock(
            noise_cv=0.03,
            compute_share=random.uniform(0.4, 1),
            exponent=random.uniform(1.25, 3.5),
            p0_w=random.uniform(50, 150),
            p1_w=random.uniform(100, 250),
        )
        gpu = SimulatedClocks(laws, seed)
        frame = run_sweep(gpu, lambda: None, ClocksBlock(simulated=laws, seed=seed))
        picked = choose_clock(frame, 0.05, seed).setting
        energy_j = {c: gpu.true_time_s(c) * gpu.true_power_w(c) for c in frame["setting"].unique()}
        oracle_j = min(e for c, e in energy_j.items() if gpu.true_time_s(c) <= 0.0105)
        near += energy_j[picked] <= 1.02 * oracle_j
        kept += gpu.true_time_s(picked) <= 0.0105
    assert near >= 0.85 * trials
    assert kept >= 0.95 * trials


def test_a_sweep_takes_far_fewer_windows_than_a_full_one(simulate):
    assert simulate()["setting"].nunique() <= 0.4 * 61


def test_work_that_breaks_the_laws_is_judged_by_its_own_windows(simulate):
    """Flat to 1200 MHz, then steep: memory-bound work."""
    frame = simulate(noise_cv=0.005, compute_share=0)
    steep = frame["setting"] < 1200
    frame.loc[steep, ["time_s", "energy_j"]] *= 1.5
    choice = choose_clock(frame, 0.05, seed=0)
    assert choice.estimator == "law"
    assert choice.setting == frame.loc[~steep, "setting"].min()


# --- what must keep the maximum -------------------------------------------------------------------------


def test_a_clock_that_saves_nothing_keeps_the_maximum(simulate):
    """Only static power: any lower clock costs more energy."""
    choice = choose_clock(simulate(p0_w=300, p1_w=0.001, compute_share=1, noise_cv=0.003), 0.05, seed=0)
    assert (choice.status, choice.verdict, choice.setting) == ("keep", KEEP, 1410)
    assert choice.reason.startswith(
        "even the best lower clock within the limits costs energy: the saving at 1"
    )
    assert choice.saving_high < 0
    assert_strict(choice)


def test_no_clock_under_the_limit_keeps_the_maximum(simulate):
    choice = choose_clock(simulate(noise_cv=0, compute_share=1), 0.001, seed=0)
    assert (choice.status, choice.setting, choice.saving_share) == ("keep", 1410, None)
    assert "no lower clock is shown to stay within" in choice.reason
    assert_strict(choice)


def test_two_repeats_are_too_few(simulate):
    frame = simulate(repeats=5)
    few = frame[(frame["setting"] < 1410) | (frame["repeat"].isin([1, 11]))]
    choice = choose_clock(few, 0.05, seed=0)
    assert (choice.status, choice.setting) == ("refused", 1410)
    assert "fewer than 3 warm" in choice.reason
    assert_strict(choice)


def test_a_saving_too_good_to_be_true_trips_the_alarm(simulate):
    choice = choose_clock(simulate(compute_share=0, p0_w=20, p1_w=400), 0.05, seed=0)
    assert (choice.status, choice.setting) == ("doubtful", 1410)
    assert choice.saving_share > 0.25
    assert "over 25%" in choice.reason


def test_throttled_and_wrong_clocks_do_not_count(simulate):
    frame = simulate()
    before = choose_clock(frame, 0.05, seed=0)
    frame.loc[frame["setting"] == before.setting, "throttled"] = True
    after = choose_clock(frame, 0.05, seed=0)
    assert after.setting not in (before.setting,)
    frame.loc[frame["setting"] == after.setting, "applied"] = 600
    assert choose_clock(frame, 0.05, seed=0).setting not in (before.setting, after.setting)
    frame["applied"] = 600
    assert choose_clock(frame, 0.05, seed=0).status == "refused"


def test_a_sweep_of_the_maximum_alone_is_refused(simulate):
    frame = simulate()
    choice = choose_clock(frame[frame["setting"] == 1410], 0.05, seed=0)
    assert (choice.status, choice.reason) == ("refused", "no warm, valid repeat below 1410 MHz")


# --- contamination --------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.15, 1.5, 8.0])
def test_a_cold_baseline_is_always_refused(simulate, factor):
    for seed in range(8):
        frame = simulate(seed=seed)
        at_maximum = frame["setting"] == 1410
        frame.loc[at_maximum, ["time_s", "energy_j"]] *= factor
        choice = choose_clock(frame, 0.05, seed)
        assert choice.status == "refused"
        assert "contaminated" in choice.reason
        assert (choice.setting, choice.saving_share, choice.candidate) == (1410, None, None)
        assert_strict(choice)


def test_a_cold_first_run_among_warm_references_is_marked_and_does_not_decide(simulate):
    for seed in range(6):
        frame = simulate(seed=seed)
        first = frame.index[(frame["setting"] == 1410) & frame["warm"]][0]
        frame.loc[first, ["time_s", "energy_j"]] *= 4
        with_it = choose_clock(frame, 0.05, seed)
        without = choose_clock(frame.drop(index=first), 0.05, seed)
        assert with_it.marked.cold == 1
        assert replace(with_it, marked=without.marked, detections=without.detections) == without


def test_a_cold_run_amid_the_references_is_refused(simulate):
    """Only a beginning is marked: a slow run later on has another cause, which may be in other runs as well."""
    for seed in range(8):
        frame = simulate(seed=seed)
        later = frame.index[(frame["setting"] == 1410) & frame["warm"]][5]
        frame.loc[later, ["time_s", "energy_j"]] *= 4
        assert choose_clock(frame, 0.05, seed).status == "refused"


def test_the_marked_warm_up_may_be_as_cold_as_it_likes(simulate):
    frame = simulate()
    before = choose_clock(frame, 0.05, seed=0)
    frame.loc[~frame["warm"], ["time_s", "energy_j"]] *= 40
    assert choose_clock(frame, 0.05, seed=0) == before


def test_honest_sweeps_are_rarely_refused(simulate):
    statuses = [choose_clock(simulate(seed=seed), 0.05, seed).status for seed in range(20)]
    assert statuses.count("refused") + statuses.count("doubtful") <= 1


def test_a_sweep_from_one_end_to_the_other_needs_settled_runs(simulate):
    """Maximum first, only once: the drift cannot be separated from the effect of the clock."""
    frame = simulate(repeats=3, points=12)
    ordered = frame[frame["warm"] & (frame["repeat"] <= 3)].sort_values("setting", ascending=False)
    ordered = ordered.assign(order=range(1, len(ordered) + 1))
    choice = choose_clock(ordered, 0.05, seed=0)
    assert (choice.status, choice.baseline_protocol) == ("refused", "settled")


# --- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["time_s", "energy_j", "power_w"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
def test_numbers_that_cannot_be_measured_are_named(simulate, column, value):
    frame = simulate()
    frame.loc[7, column] = value
    with pytest.raises(Fault, match=f"row 7 has {column}"):
        choose_clock(frame, 0.05, seed=0)


def test_foreign_tables_are_refused(simulate):
    frame = simulate()
    with pytest.raises(Fault, match="no column power_w"):
        choose_clock(frame.drop(columns="power_w"), 0.05, seed=0)
    with pytest.raises(Fault, match="no rows"):
        choose_clock(frame.head(0), 0.05, seed=0)
    with pytest.raises(Fault, match="has 'a' and 'b' as gpu in one cell"):
        choose_clock(frame.assign(gpu=["a", *["b"] * (len(frame) - 1)]), 0.05, seed=0)
    with pytest.raises(Fault, match=r"slowdown limit is 5"):
        choose_clock(frame, 5, seed=0)


def test_a_looser_limit_never_saves_less(simulate):
    frame = simulate(noise_cv=0.01)
    savings = [choose_clock(frame, limit, seed=0).saving_share for limit in (0.03, 0.05, 0.1, 0.3)]
    assert all(loose >= tight for tight, loose in pairwise(savings))


def test_the_choice_is_reproducible(simulate):
    assert choose_clock(simulate(seed=4), 0.05, 9) == choose_clock(simulate(seed=4), 0.05, 9)
