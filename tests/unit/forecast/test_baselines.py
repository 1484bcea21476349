import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import graph_of, small_panel, task_of
from wattshed.config.data.sources import STEPS_MINUTES
from wattshed.data.panel import Panel
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.metrics import metrics, seasonal_scale, sum_errors
from wattshed.forecast.protocol import evenly_spaced
from wattshed.foundation.faults import Fault

NAMES = ("persistence", "seasonal_24h", "seasonal_168h", "climatology", "ridge", "ridge_graph")


def fitted(name, task):
    baseline = make_baseline(name, task, graph_of(task))
    baseline.fit()
    return baseline


def test_naive_forecasts_repeat_the_last_hour_day_or_week(task):
    values = task.panel.values
    origins = np.array([400, 417])
    for index, origin in enumerate(origins):
        for ahead in range(3):
            assert (fitted("persistence", task).forecast(origins)[index, ahead] == values[origin - 1]).all()
            day, week = origin + ahead - 24, origin + ahead - 168
            assert (fitted("seasonal_24h", task).forecast(origins)[index, ahead] == values[day]).all()
            assert (fitted("seasonal_168h", task).forecast(origins)[index, ahead] == values[week]).all()


def test_a_seasonal_forecast_beyond_one_season_uses_the_latest_known_hour():
    task = task_of(small_panel(hours=2500), look_back_steps=24, horizon_steps=30)
    forecast = fitted("seasonal_24h", task).forecast(np.array([500]))[0]
    np.testing.assert_array_equal(forecast[29], task.panel.values[500 + 29 - 48])


def test_climatology_is_the_training_mean_of_the_local_hour_of_week(task):
    origin = 1300
    local = task.panel.local_times
    train = np.arange(task.splits.train.stop)
    same = train[
        (local[train].day_of_week == local[origin].day_of_week) & (local[train].hour == local[origin].hour)
    ]
    forecast = fitted("climatology", task).forecast(np.array([origin]))[0, 0]
    np.testing.assert_allclose(forecast, task.panel.values[same].mean(axis=0), rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_no_baseline_reads_its_target_hours_or_later(task, name):
    origin = int(task.origins(task.splits.test)[10])
    changed = task.panel.values.copy()
    changed[origin:] = 1e3
    other = task_of(
        Panel(changed, task.panel.observed, task.panel.times, task.panel.nodes, "kWh", "UTC", "test")
    )
    first = fitted(name, task).forecast(np.array([origin]))
    np.testing.assert_array_equal(first, fitted(name, other).forecast(np.array([origin])))


@pytest.mark.parametrize("name", NAMES)
def test_forecasts_over_gaps_are_finite(gappy_task, name):
    origins = gappy_task.origins(gappy_task.splits.test)
    forecast = fitted(name, gappy_task).forecast(origins)
    assert forecast.shape == (len(origins), 3, 5)
    assert np.isfinite(forecast).all()


def test_ridge_finds_a_linear_law_exactly():
    """A noiseless daily cycle obeys x[t] = x[t-1] 2 cos(w) - x[t-2]: a linear map must find it."""
    panel = small_panel(hours=1500, nodes=3)
    hour = np.arange(1500)
    values = (3 + np.sin(2 * np.pi * hour[:, None] / 24 + np.arange(3))).astype(np.float32)
    task = task_of(Panel(values, panel.observed, panel.times, panel.nodes, "kWh", "UTC", "test"))
    origins = task.origins(task.splits.test)
    found = metrics(sum_errors(fitted("ridge", task).forecast(origins), *task.truth(origins)), np.ones(3))
    assert found["rmse"] < 0.01


def test_ridge_beats_the_naive_forecasts_on_noisy_cycles(task):
    origins = task.origins(task.splits.test)
    errors = {
        name: metrics(sum_errors(fitted(name, task).forecast(origins), *task.truth(origins)), np.ones(5))[
            "rmse"
        ]
        for name in NAMES
    }
    assert errors["ridge"] < errors["seasonal_24h"] < errors["persistence"]


def test_evenly_spaced_keeps_ends_and_order():
    origins = np.arange(100, 1100)
    some = evenly_spaced(origins, 50)
    assert len(some) == 50
    assert (some[0], some[-1]) == (100, 1099)
    assert (np.diff(some) > 0).all()
    assert evenly_spaced(origins, 5000) is origins


def test_a_missing_lightgbm_is_reported_with_the_remedy(task, graph, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(Fault, match=r"'lightgbm' needs .*pip install 'wattshed\[lightgbm\]', or remove it"):
        make_baseline("lightgbm", task, graph)


def test_boosted_trees_beat_the_seasonal_naive_forecast(task, graph):
    pytest.importorskip("lightgbm", reason="needs the extra wattshed[lightgbm]")
    origins = task.origins(task.splits.test)
    trees = make_baseline("lightgbm", task, graph)
    trees.fit()
    errors = [
        metrics(sum_errors(one.forecast(origins), *task.truth(origins)), np.ones(5))["rmse"]
        for one in (trees, fitted("seasonal_24h", task))
    ]
    assert errors[0] < errors[1]


def test_boosted_trees_refuse_a_validation_part_in_which_an_hour_ahead_is_never_observed():
    pytest.importorskip("lightgbm", reason="needs the extra wattshed[lightgbm]")
    whole = small_panel()
    span = task_of(whole).splits.validation
    values, observed = whole.values.copy(), whole.observed.copy()
    # Only the first hour of the part is observed: no window has its second hour.
    values[span.start + 1 : span.stop], observed[span.start + 1 : span.stop] = np.nan, False
    task = task_of(replace(whole, values=values, observed=observed))
    with pytest.raises(Fault, match="no validation window has it observed"):
        make_baseline("lightgbm", task, graph_of(task)).fit()


@settings(max_examples=5)
@given(st.sampled_from(STEPS_MINUTES), st.floats(0, 0.3), st.integers(1, 30), st.integers(0, 9))
def test_hours_repeated_over_their_steps_have_the_errors_of_the_hours(
    step_minutes, missing_share, horizon, seed
):
    hourly = task_of(small_panel(hours=1500, nodes=3, missing_share=missing_share, seed=seed), 12, horizon)
    each, panel = 60 // step_minutes, hourly.panel
    times = panel.times[0] + np.arange(each * len(panel.times)) * np.timedelta64(step_minutes, "m")
    values, observed = (np.repeat(array, each, axis=0) for array in (panel.values, panel.observed))
    finer = replace(panel, values=values, observed=observed, times=times, step_minutes=step_minutes)
    task = task_of(finer, 12 * each, horizon * each)
    scales = [seasonal_scale(one.panel, one.splits.train) for one in (hourly, task)]
    np.testing.assert_allclose(*scales)
    origins = hourly.origins(hourly.splits.test)
    for name in ("persistence", "seasonal_24h", "seasonal_168h", "climatology"):
        errors = [
            metrics(sum_errors(fitted(name, one).forecast(some), *one.truth(some)), scales[0])
            for one, some in ((hourly, origins), (task, each * origins))
        ]
        for key in ("mae", "rmse", "wape", "mase"):
            assert errors[1][key] == pytest.approx(errors[0][key]), (name, key)
