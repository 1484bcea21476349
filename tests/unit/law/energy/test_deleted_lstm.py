"""The LSTM steps that the source left out of its file of energies are in its other file; the fit decided which."""

import numpy as np
import pytest

from wattshed.foundation.faults import Fault
from wattshed.law.energy.deleted_lstm import (
    EVERYTHING_FILE,
    deletion,
    read_all_lstm_energies,
    within_sizes,
)
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.scores import score


@pytest.fixture(scope="session")
def everything(recorded, lstm):
    return read_all_lstm_energies(recorded(EVERYTHING_FILE), lstm)


def fit_score(points, name="least_squares"):
    return score(points.energy_j, energy_model(name).fit(points).predict(points))


def test_kept_steps_are_the_same_in_both_files(everything, lstm):
    points, kept = everything
    assert (len(points), kept.sum()) == (4900, 741)
    in_one = np.lexsort((lstm.energy_j, *lstm.sizes.T))
    same = points.take(kept)
    in_other = np.lexsort((same.energy_j, *same.sizes.T))
    np.testing.assert_allclose(same.energy_j[in_other], lstm.energy_j[in_one], rtol=1e-9)
    # The recovered laws give every released duration.
    np.testing.assert_allclose(same.predictors[in_other], lstm.predictors[in_one], rtol=1e-8)


def test_the_fit_s_own_error_decided_which_steps_were_kept(everything):
    points, kept = everything
    found = deletion(points, kept, energy_model("least_squares"))
    assert round(found.worst_kept, 3) == 0.126
    assert found.kept_inside > 0.95
    assert found.deleted_beyond > 0.94


def test_a_selection_at_random_does_not_look_like_that(everything):
    points, _ = everything
    random = np.random.default_rng(0).permutation(len(points)) < 741
    found = deletion(points, random, energy_model("least_squares"))
    assert found.kept_inside < 0.3
    assert found.deleted_beyond < 0.1


def test_the_honest_fit_of_the_lstm(everything):
    points, kept = everything
    whole, some = fit_score(points), fit_score(points.take(kept))
    assert (round(whole.r2.value, 2), round(some.r2.value, 2)) == (0.41, 0.95)
    assert whole.mape.value > 0.7
    in_range = points.take(within_sizes(points, kept))
    assert len(in_range) == 3500
    assert round(fit_score(in_range).r2.value, 2) == 0.35
    # A power law in sizes needs no deletion.
    assert fit_score(in_range, "log_linear").r2.value > 0.94


def test_files_of_different_releases_are_refused(recorded, lstm, tmp_path):
    text = recorded(EVERYTHING_FILE).read_text().splitlines(keepends=True)
    other = tmp_path / "some.csv"
    other.write_text("".join(text[:50]))
    with pytest.raises(Fault, match=r"holds \d+ of the 741 steps of lstm_energy.csv"):
        read_all_lstm_energies(other, lstm)
    other.write_text("".join([text[0], *(line for line in text if "RTX 2080" in line)]))
    with pytest.raises(Fault, match="holds no steps of an A100"):
        read_all_lstm_energies(other, lstm)
