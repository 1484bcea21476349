import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.law.predicting.after_epoch import corrected
from wattshed.law.predicting.prediction import Cost, Prediction

EPOCH = Cost(10.0, 8.0, 12.5, 100.0, 80.0, 125.0)


def prediction(epochs=10, closed_form=None):
    return Prediction("gru", EPOCH.times(0.01), EPOCH, EPOCH.times(epochs), closed_form, 100, epochs)


def test_without_an_epoch_it_is_the_prediction():
    assert corrected(prediction(), []) == prediction().training


def test_one_epoch_moves_the_whole_training_to_what_was_seen():
    cost = corrected(prediction(), [130.0])
    # The prior is wide against the spread of epochs, so that little of the error is left.
    assert cost.energy_j == pytest.approx(1300, rel=0.02)
    assert cost.energy_low_j < 1300 < cost.energy_high_j
    # Power is that of the prediction.
    assert cost.time_s == pytest.approx(cost.energy_j / 10)


def test_a_narrow_prediction_is_trusted_more():
    narrow = Prediction("gru", EPOCH, Cost(10, 9.9, 10.1, 100, 99, 101), EPOCH.times(10), None, 1, 10)
    assert corrected(narrow, [130.0]).energy_j < corrected(prediction(), [130.0]).energy_j


@settings(max_examples=40, deadline=None)
@given(st.floats(0.3, 3), st.integers(2, 30))
def test_it_converges_to_the_true_energy(ratio, epochs):
    errors, widths = [], []
    for seen in range(1, epochs + 1):
        cost = corrected(prediction(epochs), [100 * ratio] * seen)
        truth = 100 * ratio * epochs
        errors.append(abs(cost.energy_j / truth - 1))
        widths.append(cost.energy_high_j - cost.energy_low_j)
        assert cost.energy_low_j <= cost.energy_j <= cost.energy_high_j
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < 1e-12
    assert widths[-1] < 1e-6 * truth


def test_intervals_cover_epochs_that_differ_as_assumed():
    random = np.random.default_rng(8)
    inside = []
    for _ in range(500):
        energies = 100 * random.lognormal(random.normal(0, 0.13), 0) * random.lognormal(0, 0.03, 10)
        cost = corrected(prediction(), energies[:1])
        inside.append(cost.energy_low_j <= energies.sum() <= cost.energy_high_j)
    assert np.mean(inside) >= 0.86


def test_what_is_solved_in_closed_form_is_added_once():
    solved = Cost(1.0, 0.8, 1.2, 7.0, 6.0, 8.0)
    more = corrected(prediction(closed_form=solved), [100.0] * 10)
    assert more.energy_j == pytest.approx(1007)
    assert more.energy_high_j == pytest.approx(1008)


@pytest.mark.parametrize("energy_j", [0.0, -1.0, math.nan, math.inf])
def test_an_energy_that_cannot_be_is_refused(energy_j):
    with pytest.raises(Fault, match="epoch 2 of gru took"):
        corrected(prediction(), [100.0, energy_j])


def test_more_epochs_than_the_recipe_allows_are_refused():
    with pytest.raises(Fault, match=r"3 epochs of gru were seen, but its recipe allows 2"):
        corrected(prediction(2), [100.0] * 3)
