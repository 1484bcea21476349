"""Speeds of traffic every 5 minutes, forecast 12 steps ahead from 12 steps, as on METR-LA."""

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from small_study import graph_of
from training_runs import train_into
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.engine.choice import choose
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.computing import backend_of
from wattshed.forecast.metrics import metrics, score_rows, seasonal_scale, sum_errors
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.forecast.streaming import StreamingForecaster, run_in_steps
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.spec import ModelSpec

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_steps=12, horizon_steps=12, step_minutes=5)
SHORT = {"epochs": 3, "steps_per_epoch": 50, "learning_rate": 1e-2, "schedule": "cosine", "scaling": "node"}
PAIRS = RecipeBlock(sampling="pairs", batch=128, **SHORT)
STREAM = RecipeBlock(sampling="sequences", batch=4, sequence_h=6, burn_in_h=1, validation_windows=5, **SHORT)


@pytest.fixture(scope="module")
def traffic() -> ForecastTask:
    """Three weeks of 4 sensors in mph: about 62 mph, slower in the rush hours of working days, 5 % lost."""
    random = np.random.default_rng(0)
    steps = np.arange(288 * 21)
    times = np.datetime64("2012-03-12T07:00:00", "s") + steps * np.timedelta64(5, "m")
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert("America/Los_Angeles")
    hour = (local.hour + local.minute / 60).to_numpy()[:, None]
    rush = np.exp(-((hour - [7.5, 8, 17, 17.5]) ** 2) / 2) * (local.day_of_week < 5)[:, None]
    values = 62 - 30 * rush + random.normal(0, 2, (len(steps), 4))
    observed = random.random(values.shape) > 0.05
    nodes = pd.DataFrame(index=pd.Index(list("abcd"), name="node"))
    values = np.where(observed, values, np.nan).astype(np.float32)
    panel = Panel(values, observed, times, nodes, "mph", "America/Los_Angeles", "test", step_minutes=5)
    return ForecastTask(panel, split_calendar(panel, SplitsBlock(), WINDOWS), WINDOWS)


def error_of(task, forecaster):
    origins = evenly_spaced(task.origins(task.splits.test), 100)
    sums = sum_errors(forecaster.forecast(origins), *task.truth(origins))
    return metrics(sums, seasonal_scale(task.panel, task.splits.train))


@pytest.fixture(scope="module")
def naive(traffic):
    baseline = make_baseline("seasonal_24h", traffic, graph_of(traffic))
    baseline.fit()
    return error_of(traffic, baseline)


@pytest.mark.parametrize(
    ("name", "most"), [("seasonal_168h", 4), ("climatology", 3), ("ridge", 3), ("ridge_graph", 3)]
)
def test_baselines_know_the_day_and_the_week_of_five_minute_speeds(traffic, naive, name, most):
    baseline = make_baseline(name, traffic, graph_of(traffic))
    baseline.fit()
    found = error_of(traffic, baseline)
    assert found["rmse"] < min(most, naive["rmse"])
    assert found["mase"] < 1.2


@pytest.mark.parametrize(("engine", "form"), [("auto", "stgnn"), ("torch", "stgnn"), ("auto", "transformer")])
def test_networks_learn_five_minute_speeds_on_every_engine(traffic, naive, metering, tmp_path, engine, form):
    graph = graph_of(traffic)
    keys = {"length_h": 1, "width": 8} if form == "transformer" else {"hidden": 16}
    has_kernel = choose("auto", "cpu", 16).kernel is not None
    spec = ModelSpec("model", 1, model_block(form=form, calendar=True, **keys), PAIRS, WINDOWS)
    train_into(tmp_path, traffic, graph, metering, spec, engine=engine)
    forecaster, _ = read_checkpoint(tmp_path / "model.safetensors", traffic, graph, CPU, engine)
    kernel = backend_of(forecaster.network, forecaster.series).kernel
    assert (kernel is not None) == (engine == "auto" and form == "stgnn" and has_kernel)
    assert error_of(traffic, forecaster)["rmse"] < naive["rmse"]


def test_a_stream_runs_in_for_a_week_and_sequences_last_for_their_hours(traffic, metering, tmp_path):
    graph = graph_of(traffic)
    spec = ModelSpec("model", 1, model_block(form="gru", hidden=8), STREAM, WINDOWS)
    train_into(tmp_path, traffic, graph, metering, spec)
    forecaster, _ = read_checkpoint(tmp_path / "model.safetensors", traffic, graph, CPU)
    assert isinstance(forecaster, StreamingForecaster)
    assert run_in_steps(forecaster.series) == 7 * 288


def test_a_checkpoint_of_another_step_asks_for_a_new_training(traffic, metering, tmp_path):
    graph = graph_of(traffic)
    one = RecipeBlock(sampling="pairs", batch=8, **{**SHORT, "epochs": 1, "steps_per_epoch": 1})
    spec = ModelSpec("model", 1, model_block(form="gru", hidden=4), one, WINDOWS)
    train_into(tmp_path, traffic, graph, metering, spec)
    panel = traffic.panel
    tens = Panel(
        **{name: getattr(panel, name) for name in ("nodes", "unit", "timezone", "source")},
        values=panel.values[::2],
        observed=panel.observed[::2],
        times=panel.times[::2],
        step_minutes=10,
    )
    windows = WindowsBlock(look_back_steps=12, horizon_steps=12, step_minutes=10)
    other = ForecastTask(tens, split_calendar(tens, SplitsBlock(train_share=0.7), windows), windows)
    with pytest.raises(
        Fault,
        match="1 h from 1 h in steps of 5 minutes, the task asks for 2 h from 2 h in steps of 10 minutes: train",
    ):
        read_checkpoint(tmp_path / "model.safetensors", other, graph, CPU)


def test_scores_by_horizon_are_in_hours(traffic):
    shape = (3, 12, 4)
    sums = sum_errors(np.ones(shape), np.zeros(shape), np.ones(shape, dtype=bool))
    rows = score_rows(sums, np.ones(4), list("abcd"), traffic.panel.steps_per_hour)
    ahead = rows.loc[rows["scope"] == "horizon", "horizon_h"]
    np.testing.assert_allclose(ahead.astype(float), np.arange(1, 13) / 12)
