"""The final cost of simulated trainings, predicted from their first epochs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.energy.budget.cost_forecast import forecast_cost

ENERGY = st.floats(1e-9, 1e3)


def simulated_epochs(random, epochs, noise):
    """Epochs of equal work [kWh]; the first also pays for warm-up."""
    kwh = 1e-4 * (1 + noise * random.standard_normal(epochs))
    kwh[0] *= random.uniform(1.2, 3.0)
    return kwh


@pytest.mark.parametrize(("epochs", "noise"), [(10, 0.03), (20, 0.05), (50, 0.05)])
def test_a_fifth_of_the_epochs_predicts_the_cost_within_ten_percent(epochs, noise):
    random = np.random.default_rng(1)
    errors, covered = [], []
    for _ in range(300):
        kwh = simulated_epochs(random, epochs, noise)
        seen = epochs // 5
        forecast = forecast_cost(list(kwh[:seen]), kwh[:seen].sum(), epochs - seen)
        errors.append(abs(forecast.kwh / kwh.sum() - 1))
        covered.append(forecast.low_kwh <= kwh.sum() <= forecast.high_kwh)
    assert max(errors) <= 0.10
    assert np.mean(covered) >= 0.92


def test_the_first_epoch_is_excluded_as_warm_up():
    assert forecast_cost([9.0, 1.0], 10.0, 8).kwh == pytest.approx(18.0)
    settled = forecast_cost([9.0, 1.0, 1.0], 11.0, 7)
    assert (settled.low_kwh, settled.kwh, settled.high_kwh) == pytest.approx((18.0, 18.0, 18.0))


def test_one_epoch_gives_an_infinite_upper_bound():
    forecast = forecast_cost([1.0], 1.0, 9)
    assert (forecast.low_kwh, forecast.kwh, forecast.high_kwh) == (1.0, 10.0, math.inf)


def test_the_interval_of_three_epochs_uses_students_t():
    """n = 2 settled epochs of 1 and 2: s = 0.7071, t(0.975, 1) = 12.706, sqrt(10 + 10^2 / 2) = 7.746."""
    forecast = forecast_cost([5.0, 1.0, 2.0], 8.0, 10)
    assert forecast.kwh == 23.0
    assert forecast.high_kwh - forecast.kwh == pytest.approx(12.7062 * 0.707107 * 7.745967, rel=1e-5)
    assert forecast.low_kwh == 8.0, "the lower bound is the spent energy"


@given(st.lists(ENERGY, min_size=1, max_size=20), st.integers(0, 100))
def test_the_forecast_is_never_below_the_spent_energy_and_exact_at_the_end(kwh, left):
    spent = sum(kwh)
    forecast = forecast_cost(kwh, spent, left)
    assert spent <= forecast.low_kwh <= forecast.kwh <= forecast.high_kwh
    assert left or forecast.high_kwh == spent


def test_a_forecast_needs_at_least_one_epoch():
    with pytest.raises(ValueError, match="at least one"):
        forecast_cost([], 0.0, 3)
