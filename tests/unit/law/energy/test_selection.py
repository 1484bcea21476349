"""Points that were kept because a model fits them give themselves away; others do not."""

import numpy as np
import pytest

from wattshed.foundation.faults import Fault
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.scores import score
from wattshed.law.energy.selection import CITED, detect_selection, smallest_round_band


def kept_by_outcome(points, band=0.25):
    """What the source did: fit once, and delete what the fit misses by more than the band."""
    fitted = energy_model("least_squares").fit(points)
    return points.take(np.abs(fitted.predict(points) / points.energy_j - 1) <= band)


def r2(points):
    return score(points.energy_j, energy_model("least_squares").fit(points).predict(points)).r2.value


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.02, 0.1, 0.2])
def test_unselected_points_are_not_accused(made, seed, noise):
    found = detect_selection(made(1500, noise=noise, seed=seed))
    assert not found.selected
    assert "no sign of a selection" in found.sentence()


@pytest.mark.parametrize("seed", range(5))
def test_heavy_tails_are_not_accused(made, seed):
    plain = made(1500)
    errors = np.clip(0.05 * np.random.default_rng(seed).standard_t(3, 1500), -0.9, None)
    assert not detect_selection(made(1500, energy_j=plain.energy_j * (1 + errors))).selected


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.15, 0.25])
def test_points_kept_by_their_own_error_are_found(made, seed, noise):
    everything = made(3000, seed=seed, energy_j=energies(made, noise, seed))
    kept = kept_by_outcome(everything)
    # Refitted errors move a little: what is found is the band that holds them.
    found = detect_selection(kept, band=smallest_round_band(kept))
    assert found.inside == 1.0
    assert found.selected
    assert "selected by outcome" in found.sentence()
    assert r2(kept) > r2(everything) + 0.02


def energies(made, noise, seed):
    """Errors that keep energies positive."""
    errors = np.random.default_rng(seed + 100).standard_normal(3000)
    return made(3000, seed=seed).energy_j * np.exp(noise * errors)


def test_one_point_outside_is_enough_to_clear(made):
    kept = kept_by_outcome(made(3000, energy_j=energies(made, 0.15, 0)))
    energy = kept.energy_j.copy()
    energy[0] *= 3
    groups, given = kept.groups, {"predictors": kept.predictors, "sizes": kept.sizes}
    one_out = made(len(kept), energy_j=energy, groups=groups, measured_time_s=kept.measured_time_s, **given)
    assert not detect_selection(one_out, band=0.3).selected


def test_points_without_any_error_are_not_accused(made):
    assert not detect_selection(made(200)).selected


@pytest.mark.parametrize("band", [0.0, 1.0, -0.25, 25.0, float("nan")])
def test_a_band_that_is_no_share_is_refused(made, band):
    with pytest.raises(Fault, match="give a share between 0 and 1"):
        detect_selection(made(200), band=band)


def test_the_round_band_stays_a_share(made):
    assert smallest_round_band(made(200)) == 0.05
    energy = made(200).energy_j.copy()
    energy[::2] *= 50
    wild = made(200, energy_j=energy)
    assert smallest_round_band(wild) == 0.95
    assert not detect_selection(wild, band=smallest_round_band(wild)).selected


def test_few_points_show_nothing(made):
    with pytest.raises(Fault, match="has 49 measured steps; a selection shows from 50 on"):
        detect_selection(made(49))


def test_the_released_transformer_rows_are_selected(transformer):
    found = detect_selection(transformer)
    assert found.inside == 1.0
    assert round(found.worst, 2) == 0.24
    assert found.expected_outside == pytest.approx(10.3, abs=0.1)
    assert found.chance < 1e-4
    assert found.selected
    assert transformer.selected_by_outcome


def test_the_released_lstm_rows_end_abruptly_too(lstm):
    assert not detect_selection(lstm).selected
    band = smallest_round_band(lstm)
    found = detect_selection(lstm, band=band)
    assert round(band, 2) == 0.15
    assert found.selected
    assert found.expected_outside > 20
    assert lstm.selected_by_outcome


def test_the_notebook_is_cited_with_all_of_its_points():
    assert round(CITED.r2_test, 3) == 0.567
    assert round(100 * CITED.kept_share, 1) == 34.5
    assert CITED.paper_r2 == 0.958
