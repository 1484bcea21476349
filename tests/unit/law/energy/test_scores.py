"""Measures, their intervals over groups, and predictions of steps that were left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.law.energy.fits_shown import measured_against_predicted
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.scores import score
from wattshed.law.energy.validation import leave_one_group_out, random_folds


def test_measures_by_hand():
    found = score(np.array([10.0, 20.0, 30.0]), np.array([11.0, 18.0, 33.0]))
    assert found.r2.value == pytest.approx(1 - 14 / 200)
    assert found.mae_j.value == pytest.approx(2)
    assert found.mape.value == pytest.approx(0.1)
    assert found.worst_share == pytest.approx(0.1)
    assert (found.r2.low, found.mape.high) == (None, None)


def test_measures_without_any_spread_have_no_r2():
    assert np.isnan(score(np.full(4, 2.0), np.full(4, 2.5)).r2.value)


@given(seed=st.integers(0, 10_000), groups=st.integers(1, 12))
def test_intervals_hold_the_value_from_five_groups_on(seed, groups):
    random = np.random.default_rng(seed)
    measured = random.lognormal(size=120)
    found = score(measured, measured * random.lognormal(0, 0.1, 120), np.arange(120) % groups, seed=seed)
    for measure in (found.r2, found.mae_j, found.mape):
        if groups < 5:
            assert measure.low is measure.high is None
        else:
            assert measure.low <= measure.value <= measure.high


def test_groups_widen_intervals_that_rows_make_too_narrow():
    """Ten groups with an error of their own each are ten errors, however many rows there are."""
    groups = np.repeat(np.arange(10), 100)
    errors = np.random.default_rng(0).uniform(0, 0.3, 10)[groups]
    measured = np.random.default_rng(1).uniform(10, 20, 1000)
    by_group = score(measured, measured * (1 + errors), groups).mape
    by_row = score(measured, measured * (1 + errors), np.arange(1000)).mape
    assert by_group.high - by_group.low > 4 * (by_row.high - by_row.low)


def test_energies_that_do_not_pair_are_refused():
    with pytest.raises(Fault, match="3 measured and 2 predicted energies cannot be compared"):
        score(np.ones(3), np.ones(2))
    with pytest.raises(Fault, match="0 measured"):
        score(np.ones(0), np.ones(0))


def test_a_left_out_group_is_not_seen(made):
    """Steps of one group cost ten times as much: a model that had seen one would not miss them all by so much."""
    points = made(90)
    energy = np.where(points.groups["third"] == 2, 10, 1) * points.energy_j
    held = leave_one_group_out(energy_model("time_power"), made(90, energy_j=energy), "third")
    # The time is that of the plain energy, so that the power of the third group is ten times that of the others.
    share = held.predicted_j / energy
    np.testing.assert_allclose(share[points.groups["third"] == 2], 0.1)
    assert set(np.unique(held.fold)) == {0, 1, 2}


def test_every_step_is_predicted_once_by_random_folds(made):
    held = random_folds(energy_model("least_squares"), made(103), folds=5, clusters="tenth")
    assert sorted(np.bincount(held.fold).tolist()) == [20, 20, 21, 21, 21]
    np.testing.assert_allclose(held.predicted_j, made(103).energy_j)
    assert held.scores.groups == 10


def test_folds_and_groups_that_cannot_be_are_refused(made):
    model = energy_model("least_squares")
    with pytest.raises(Fault, match="which 1 folds do not fit"):
        random_folds(model, made(20), folds=1)
    with pytest.raises(Fault, match="which 21 folds do not fit"):
        random_folds(model, made(20), folds=21)
    with pytest.raises(Fault, match="has no group 'GPU': name one of third, tenth"):
        leave_one_group_out(model, made(20), "GPU")
    with pytest.raises(Fault, match="all steps have the same third"):
        leave_one_group_out(model, made(20, groups={"third": np.zeros(20)}), "third")


def test_the_label_follows_the_points_into_every_result(made):
    kept = made(60, selected_by_outcome=True)
    model = energy_model("least_squares")
    for found in (
        random_folds(model, kept).scores,
        leave_one_group_out(model, kept, "third").scores,
        leave_one_group_out(model, kept.take(np.arange(60) < 40), "third").scores,
        measured_against_predicted(kept, ["time_power"])[0].scores,
    ):
        assert found.label == "selected by outcome"
    assert random_folds(model, made(60)).scores.label == ""


def test_the_figure_gets_each_model_on_left_out_groups(made):
    shown = measured_against_predicted(made(60), ["least_squares", "time_power"], "third")
    assert [(one.model, one.before_run) for one in shown] == [("least_squares", True), ("time_power", False)]
    for one in shown:
        assert len(one.measured_j) == len(one.predicted_j) == len(one.left_out) == 60
    with pytest.raises(Fault, match="the energy model 'guess' is unknown"):
        measured_against_predicted(made(60), ["guess"])
