import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_runs import make_epochs
from wattshed.accounts.comparison.overlay import epoch_curves, last_gains, mean_curves
from wattshed.foundation.faults import Fault
from wattshed.statistics.intervals import mean_interval


def windows_of(losses, energies=None, **columns):
    """One run with the given losses and energies [kWh]."""
    frame = make_epochs(("gru",), seeds=(1,), epochs=len(losses))
    return frame.assign(value_validation_rmse=losses, energy_kwh=energies or [1.0] * len(losses), **columns)


def test_energy_adds_up_and_every_epochs_gain_is_set_against_its_joules():
    curves = epoch_curves(windows_of([1.0, 0.6, 0.7, 0.5], [1.0, 2.0, 1.0, 4.0]))
    assert curves["cumulative_kwh"].tolist() == [1.0, 3.0, 4.0, 8.0]
    assert curves["best_loss"].tolist() == [1.0, 0.6, 0.6, 0.5]
    np.testing.assert_allclose(curves["gain"], [np.nan, 0.4, 0.0, 0.1])
    np.testing.assert_allclose(curves["gain_per_j"].iloc[1:], np.array([0.2, 0.0, 0.025]) / 3.6e6, atol=1e-18)


def test_epochs_that_a_resumed_job_ran_twice_cost_twice_and_keep_their_order():
    windows = windows_of([1.0, 0.8, 0.85, 0.7], [1.0] * 4, epoch=[1, 2, 2, 3], attempt=[1, 1, 2, 2])
    windows["start_s"] = [0.0, 2.0, 0.5, 2.5]
    curves = epoch_curves(windows.sample(frac=1, random_state=1))
    assert curves["loss"].tolist() == [1.0, 0.8, 0.85, 0.7]
    assert curves["cumulative_kwh"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert curves["place"].tolist() == [1, 2, 3, 4]


def test_after_an_unknown_energy_the_sum_is_unknown_not_smaller():
    curves = epoch_curves(windows_of([1.0, 0.8, 0.7], [1.0, np.nan, 1.0]))
    assert curves["cumulative_kwh"].isna().tolist() == [False, True, True]
    gains = last_gains(curves).iloc[0]
    assert np.isnan(gains["total_kwh"])
    assert np.isnan(gains["late_share"])
    assert gains["best_epoch"] == 3


def test_late_energy_is_what_was_spent_after_the_gains_were_small():
    # Gains: 0.5, 0.4, 0.04, 0, 0.06 of 1.0 in all; after epoch 4 0.06 is left, after epoch 6 nothing.
    losses = [2.0, 1.5, 1.1, 1.06, 1.06, 1.0, 1.2]
    curves = epoch_curves(windows_of(losses, [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 4.0]))
    five = last_gains(curves, 0.05).iloc[0]
    assert (five["small_gain_epoch"], five["late_kwh"], five["best_epoch"], five["best_kwh"]) == (
        6,
        4.0,
        6,
        8.0,
    )
    twelve = last_gains(curves, 0.12).iloc[0]
    assert (twelve["small_gain_epoch"], twelve["late_kwh"]) == (3, 9.0)
    assert twelve["late_share"] == pytest.approx(9 / 12)


def test_a_run_that_never_gets_better_spends_all_but_its_first_epoch_late():
    gains = last_gains(epoch_curves(windows_of([1.0, 1.1, 1.2]))).iloc[0]
    assert (gains["small_gain_epoch"], gains["best_epoch"], gains["late_share"]) == (
        1,
        1,
        pytest.approx(2 / 3),
    )


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_the_rest_gains_no_more_than_its_share_and_the_epoch_before_left_more(losses, share):
    gains = last_gains(epoch_curves(windows_of(losses)), share).iloc[0]
    place = gains["small_gain_epoch"] - 1
    total = losses[0] - min(losses)
    assert min(losses[: place + 1]) - min(losses) <= share * total + 1e-12
    if place:
        assert min(losses[:place]) - min(losses) > share * total


def test_the_mean_over_seeds_lies_on_energies_that_all_seeds_reached():
    windows = pd.concat(
        [windows_of([1.0, 0.5], [1.0, 1.0]), windows_of([2.0, 0.0], [1.5, 2.0]).assign(seed=2)]
    )
    mean = mean_curves(epoch_curves(windows), points=3)
    assert mean["cumulative_kwh"].tolist() == [1.5, 1.75, 2.0]
    assert mean["n"].unique().tolist() == [2]
    at = mean.iloc[0]
    expected = mean_interval([0.75, 2.0])
    assert (at["loss_mean"], at["loss_low"]) == pytest.approx((expected.mean, expected.low))


def test_runs_without_a_common_span_have_no_mean():
    windows = pd.concat([windows_of([1.0], [1.0]), windows_of([2.0], [2.0]).assign(seed=2)])
    assert mean_curves(epoch_curves(windows)).empty
    assert mean_curves(epoch_curves(windows_of([1.0, 0.5], [np.nan, 1.0]))).empty


def test_net_energy_can_be_laid_under_the_loss():
    windows = make_epochs(seeds=(1,))
    curves = epoch_curves(windows, energy="net_kwh")
    assert curves["cumulative_kwh"].iloc[-1] == pytest.approx(0.5 * windows["energy_kwh"].sum())


def test_bad_requests_are_faults():
    with pytest.raises(Fault, match="lack the column value_mape"):
        epoch_curves(make_epochs(), loss="value_mape")
    with pytest.raises(Fault, match="small_share is 1"):
        last_gains(epoch_curves(make_epochs()), 1)
    assert last_gains(epoch_curves(make_epochs().iloc[:0])).empty
