"""What each detector says about sweeps whose fault, or lack of it, is known exactly."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.clocks.contamination.cold_first_run import cold_first_run
from wattshed.clocks.contamination.detect import detect, severe_words
from wattshed.clocks.contamination.drift import drift, seasonal_trend
from wattshed.clocks.contamination.idle_gpu import idle_gpu
from wattshed.clocks.contamination.locked_clock import locked_clock
from wattshed.clocks.contamination.marks import marks
from wattshed.clocks.contamination.order import descents_tail, order
from wattshed.clocks.contamination.trials import Trial
from wattshed.clocks.contamination.usable import refusal, usable_sweep
from wattshed.clocks.contamination.whole_seconds import common_step_s, whole_seconds
from wattshed.clocks.runs import COLUMNS

NAMES = ["cold_first_run", "drift", "order", "locked_clock", "idle_gpu", "whole_seconds"]


@pytest.fixture
def clean():
    return Trial(seed=3, full=False).sweep()


def slowed(rows, places, factor):
    """The runs at these places take longer, at the same power."""
    rows = rows.copy()
    rows.loc[rows.index[places], ["time_s", "energy_j"]] *= factor
    return rows


def test_a_clean_sweep_has_one_answer_per_detector_and_no_finding(clean):
    found = detect(clean)
    assert [one.detector for one in found] == NAMES
    assert not any(one.found or one.severe for one in found)
    assert severe_words(found) is None
    assert usable_sweep(clean).marked == {"cold": 0, "throttled": 0, "hot": 0, "not_applied": 0}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_runs_are_not_judged(clean, count):
    assert not any(one.found for one in detect(clean.iloc[:count]))


def test_warm_up_runs_are_not_looked_at(clean):
    rows = slowed(clean, slice(0, 2), 10)
    assert any(one.found for one in detect(rows))
    rows.loc[rows.index[:2], "warm"] = False
    assert not any(one.found for one in detect(rows))


def test_the_order_of_the_table_does_not_matter(clean):
    rows = slowed(clean, slice(0, 2), 3)
    assert detect(rows.sample(frac=1, random_state=5)) == detect(rows)


def test_cold_runs_are_named_marked_and_left_out(clean):
    rows = slowed(slowed(clean, [0], 2), [0, 1], 1.5)
    found = cold_first_run(rows)
    assert (found.found, found.severe) == (True, False)
    assert "first 2 runs are up to" in found.words
    assert marks(rows)["cold"].to_numpy().nonzero()[0].tolist() == [0, 1]
    sweep = usable_sweep(rows)
    assert sweep.marked["cold"] == 2
    assert len(sweep.rows) == len(rows) - 2
    assert refusal(sweep) is None


def test_a_cold_start_of_half_the_sweep_is_severe(clean):
    rows = slowed(clean, slice(0, len(clean) // 3), 3)
    assert cold_first_run(rows).severe


def test_a_reference_that_is_slower_throughout_is_severe(clean):
    rows = slowed(clean, np.flatnonzero(clean["setting"] == 1410), 2)
    found = cold_first_run(rows)
    assert found.severe
    assert "the first setting is" in found.words


def test_one_slow_run_in_the_middle_is_not_a_cold_start(clean):
    assert not cold_first_run(slowed(clean, [30], 3)).found


def test_drift_has_its_size_and_interval(clean):
    ramp = np.linspace(1, 1.07, len(clean))
    found = drift(clean.assign(time_s=clean["time_s"] * ramp))
    assert (found.found, found.severe) == (True, False)
    assert "time changes by +" in found.words
    assert drift(clean.assign(time_s=clean["time_s"] * np.linspace(1, 1.4, len(clean)))).severe


def test_a_gpu_that_warms_up_at_equal_settings_is_reported(clean):
    rows = clean.assign(temperature_c=np.linspace(40, 60, len(clean)))
    found = drift(rows)
    assert "the temperature changes by +20 K" in found.words
    assert not drift(rows.assign(temperature_c=40.0)).found


def test_drift_of_an_ordered_sweep_cannot_be_judged(clean):
    rows = clean.sort_values("setting", kind="stable").assign(order=range(len(clean)))
    assert drift(rows).words.startswith("drift cannot be judged")


@settings(max_examples=30, deadline=None)
@given(slope=st.floats(-0.5, 0.5), seed=st.integers(0, 99))
def test_the_trend_of_an_exact_line_is_its_slope(slope, seed):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({"setting": random.integers(0, 3, 30), "order": random.permutation(30)})
    values = rows["setting"] * 7.0 + slope * rows["order"]
    trend = seasonal_trend(rows, values.to_numpy(), width=29)
    assert [trend.change, trend.low, trend.high] == pytest.approx([29 * slope] * 3, abs=1e-9)


def test_the_trend_test_keeps_its_error_rate():
    """1,000 sweeps without a trend: p below 0.05 in 5 % of them, within three standard errors."""
    rows = Trial(seed=1, full=False).sweep()
    random = np.random.default_rng(8)
    values = random.standard_normal((1000, len(rows)))
    low = np.mean([seasonal_trend(rows, one, 66).p_value < 0.05 for one in values])
    assert low == pytest.approx(0.05, abs=0.021)


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("together", [True, False])
def test_an_ordered_sweep_is_reported_with_or_without_references_between(way, together):
    steps = sorted(range(510, 1411, 75), reverse=way < 0)
    plan = [one for one in steps for _ in range(3)] if together else steps * 3
    mixed = [run for one in plan for run in (one, 1410)]
    for runs in (plan, mixed):
        found = order(pd.DataFrame({"setting": runs, "order": range(len(runs))}))
        assert (found.found, found.severe) == (True, False), (runs, found)
        assert ("down" if way < 0 else "up") in found.words


@pytest.mark.parametrize("length", [2, 4, 6])
def test_eulerian_numbers_count_permutations(length):
    descents = [
        sum(b < a for a, b in itertools.pairwise(one)) for one in itertools.permutations(range(length))
    ]
    for least in range(length + 1):
        share = sum(count >= least for count in descents) / math.factorial(length)
        assert descents_tail(length, least) == pytest.approx(share)


def test_a_clock_that_does_not_obey_is_severe_whether_it_is_read_or_not(clean):
    constant = clean.assign(time_s=0.01, power_w=200.0)
    unread = constant.assign(applied=pd.array([pd.NA] * len(clean), dtype="Int64"))
    assert locked_clock(unread).severe
    assert "the setting changes nothing" in locked_clock(unread).words
    read = clean.assign(applied=pd.array([900] * len(clean), dtype="Int64"))
    assert "always 900" in locked_clock(read).words
    assert locked_clock(read).severe
    few = clean.copy()
    few.loc[few.index[:15], "applied"] = 900
    assert (locked_clock(few).found, locked_clock(few).severe) == (True, False)
    assert usable_sweep(few).marked["not_applied"] == 15


def test_flat_time_is_not_a_locked_clock_while_power_falls(clean):
    assert not locked_clock(clean.assign(time_s=0.01)).found


def test_too_much_noise_to_see_a_response_is_said(clean):
    noisy = np.random.default_rng(4).lognormal(0, 0.3, (2, len(clean)))
    rows = clean.assign(time_s=noisy[0], power_w=200 * noisy[1])
    assert "cannot be judged" in locked_clock(rows).words
    assert not locked_clock(rows).found


def test_limits_that_never_bind_do_not_refuse(clean):
    rows = clean.assign(time_s=0.01, power_w=80.0, knob="power_limit")
    assert (locked_clock(rows).found, locked_clock(rows).severe) == (True, False)


@pytest.mark.parametrize(
    ("power_w", "known", "expected"),
    [
        (40.0, {}, (True, True)),
        (100.0, {}, (True, False)),
        (250.0, {}, (False, False)),
        (100.0, {"idle_w": 90.0}, (True, True)),
        (100.0, {"limit_w": 150.0}, (False, False)),
    ],
)
def test_idleness_is_judged_between_idle_power_and_limit(clean, power_w, known, expected):
    found = idle_gpu(clean.assign(power_w=power_w), **known)
    assert (found.found, found.severe) == expected
    assert f"{power_w:.0f} W" in found.words


def test_an_unknown_board_needs_its_idle_power_stated(clean):
    rows = clean.assign(gpu="some board", power_w=60.0)
    assert "cannot be judged" in idle_gpu(rows).words
    assert idle_gpu(rows, idle_w=50.0).severe


@pytest.mark.parametrize(
    ("times_s", "step_s"),
    [
        ([8, 9, 10, 11], 1),
        ([8, 8, 9, 9], 1),
        ([7, 7, 7, 7], 1),
        ([0.5, 1.5, 2.0, 3.5], 0.5),
        ([8, 11, 14, 15], 1),
        ([8.31, 8.02, 9.77, 8.48], 0.01),
        ([2.5, 2.5, 2.5], 0),
    ],
)
def test_the_step_of_time_stamps_is_found(times_s, step_s):
    assert common_step_s(np.array(times_s, dtype=float)) == pytest.approx(step_s, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    step_s=st.sampled_from([0.1, 0.25, 1.0, 2.0]),
    counts=st.lists(st.integers(10, 60), min_size=8, max_size=30, unique=True),
)
def test_stamps_with_a_step_are_found_with_any_multiple(step_s, counts):
    found = common_step_s(step_s * np.array(counts, dtype=float))
    assert found == pytest.approx(step_s * np.gcd.reduce(counts), rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(6, 80), typical_s=st.sampled_from([0.01, 1.0, 9.0]))
def test_continuous_times_have_no_step_that_matters(seed, count, typical_s):
    times_s = typical_s * np.random.default_rng(seed).uniform(1, 2, count)
    assert common_step_s(times_s) < 0.01 * np.median(times_s)


def test_coarse_stamps_are_severe_where_they_are_large_beside_the_times(clean):
    seconds = np.random.default_rng(1).integers(8, 12, len(clean))
    assert whole_seconds(clean.assign(time_s=seconds * 1.0)).severe
    fine = whole_seconds(clean.assign(time_s=seconds + 40.0))
    assert (fine.found, fine.severe) == (True, False)
    assert not whole_seconds(clean.assign(time_s=seconds + 400.0)).found


def test_hot_and_throttled_runs_do_not_count(clean):
    random = np.random.default_rng(2)
    rows = clean.assign(temperature_c=60 + clean["setting"] / 100 + random.normal(0, 0.3, len(clean)))
    assert usable_sweep(rows).marked["hot"] == 0
    rows.loc[rows.index[40], "temperature_c"] += 8
    rows.loc[rows.index[41], "temperature_c"] -= 8
    rows.loc[rows.index[42], "throttled"] = True
    sweep = usable_sweep(rows)
    assert (sweep.marked["hot"], sweep.marked["throttled"]) == (1, 1)
    assert set(rows.index) - set(sweep.rows.index) == {rows.index[40], rows.index[42]}


def test_frames_have_the_columns_of_runs(clean):
    assert tuple(clean.columns) == COLUMNS
