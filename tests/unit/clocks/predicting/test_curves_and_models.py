"""Curves of cells, the laws through probes, and the law learnt from other cells."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_cells import SETTINGS, made_cell, made_cells
from wattshed.clocks.predicting.cell_curve import common_shares, curve_of, curve_of_single_runs, probes_of
from wattshed.clocks.predicting.law_model import predict_by_law
from wattshed.clocks.predicting.prior_model import PriorModel, pick_within, tune


def test_a_curve_keeps_probes_apart_from_the_truth(simulate):
    frame = simulate(repeats=4)
    curve = curve_of(frame)
    warm = frame[frame["warm"]].sort_values("order")
    assert curve.probes_apart
    np.testing.assert_allclose(curve.probe_time_s, warm.groupby("setting")["time_s"].first())
    later = warm[warm.groupby("setting").cumcount() > 0]
    np.testing.assert_allclose(curve.time_s, later.groupby("setting")["time_s"].median())


def test_a_sweep_of_too_few_settings_has_no_curve(simulate):
    frame = simulate()
    few = frame[frame["setting"].isin(sorted(frame["setting"].unique())[-3:])]
    assert curve_of(few) is None
    assert curve_of_single_runs(few) is None


def test_single_runs_are_probe_and_truth_at_once(simulate):
    frame = simulate(repeats=1)
    curve = curve_of_single_runs(frame[frame["repeat"] == 1], family="nets")
    assert (curve.family, curve.probes_apart) == ("nets", False)
    np.testing.assert_array_equal(curve.time_s, curve.probe_time_s)


def test_the_best_setting_is_that_of_brute_force():
    curve = made_cell(share=0.5)
    for limit in (0.0, 0.05, 0.2):
        allowed = [c for c in range(len(SETTINGS)) if curve.slowdown(c) <= limit]
        assert curve.best_within(limit) == min(allowed, key=lambda place: curve.energy_j[place])
    assert curve.saving(len(SETTINGS) - 1) == 0


def test_probes_hold_the_maximum_and_are_named_once():
    curve = made_cell()
    assert probes_of(curve, (0.7, 0.7, 0.5)) == (curve.nearest(0.5), curve.nearest(0.7), len(SETTINGS) - 1)
    assert probes_of(curve, (1.0,)) == (len(SETTINGS) - 1,)


@given(share=st.floats(0.0, 1.0), exponent=st.sampled_from([1.5, 2.0, 2.5, 3.0]))
def test_the_laws_find_themselves_through_three_probes(share, exponent):
    curve = made_cell(share, exponent=exponent)
    places = list(probes_of(curve, (1.0, 0.7, 0.5)))
    time, power = predict_by_law(
        curve.shares[places], curve.probe_time_s[places], curve.probe_power_w[places], curve.shares
    )
    np.testing.assert_allclose(time, curve.time_s / curve.time_s[-1], rtol=1e-6)
    np.testing.assert_allclose(power, curve.power_w / curve.power_w[-1], rtol=1e-6)


def test_one_probe_tells_a_law_nothing():
    assert predict_by_law(np.array([1.0]), np.array([1.0]), np.array([1.0]), np.array([0.5, 1.0])) is None


def test_other_workloads_teach_the_curve_of_a_new_one():
    training = made_cells(12)
    new = made_cell(0.42, base_w=40 + 60 * 0.42, workload="new")
    model = PriorModel(training, 0.1)
    near = model.predict(new, probes_of(new, (1.0, 0.7, 0.5)), new.shares)
    wrong = np.abs(near.time * new.time_s[-1] / new.time_s - 1)
    assert wrong.max() < 0.03
    blind = model.predict(new, probes_of(new, (1.0,)), new.shares)
    assert blind.time_sd[:-1].mean() > 2 * near.time_sd[:-1].mean()


def test_two_cells_are_too_few_to_learn_from():
    with pytest.raises(ValueError, match="2 cells; expected at least 3"):
        PriorModel(made_cells(2), 0.1)


def test_caution_never_picks_a_lower_clock():
    training, new = made_cells(8), made_cell(0.5)
    forecast = PriorModel(training, 0.1).predict(new, probes_of(new, (1.0,)), new.shares)
    picks = [pick_within(forecast, caution, 0.05) for caution in (0.0, 0.5, 1.0, 3.0)]
    assert picks == sorted(picks)


def test_the_tuning_is_that_of_the_training_cells_alone():
    training = made_cells(8)
    assert tune(training, (1.0,), 0.05) == tune(list(reversed(training)), (1.0,), 0.05)


def test_the_grid_is_common_to_all_curves():
    short = replace(
        made_cell(),
        settings=SETTINGS[8:],
        time_s=made_cell().time_s[8:],
        power_w=made_cell().power_w[8:],
        probe_time_s=made_cell().probe_time_s[8:],
        probe_power_w=made_cell().probe_power_w[8:],
    )
    grid = common_shares([made_cell(), short])
    assert (grid[0], grid[-1]) == (SETTINGS[8] / SETTINGS[-1], 1.0)
