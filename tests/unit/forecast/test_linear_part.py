"""The linear part, which is solved and not trained."""

import numpy as np
import pytest
import torch

from model_blocks import untrained
from small_study import graph_of, small_panel, task_of
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.forecast.baselines.ridge import Ridge
from wattshed.forecast.metrics import rmse
from wattshed.forecast.networks.linear_part import LinearPart
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries

CPU = torch.device("cpu")


def solved(task, graph, uses_graph):
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU)
    linear = LinearPart(task.windows.look_back_steps, task.windows.horizon_steps, uses_graph)
    linear.solve(task, series)
    return NeuralForecaster(linear, series, task.windows.horizon_steps)


def test_the_linear_part_without_graph_and_days_equals_the_ridge_baseline(gappy_task, graph):
    ridge = Ridge(gappy_task)
    ridge.fit()
    origins = gappy_task.origins(gappy_task.splits.test)
    series = ScaledSeries.make(gappy_task, graph.adjacency, "node", CPU)
    linear = LinearPart(12, 3, uses_graph=False)
    linear.days_back = []
    linear.weight = torch.zeros(12 + 3 + 32, 3)
    linear.solve(gappy_task, series)
    ours = NeuralForecaster(linear, series, 3).forecast(origins)
    np.testing.assert_allclose(ours, ridge.forecast(origins), rtol=1e-3, atol=1e-3)


def test_the_graph_reduces_the_error_if_nodes_follow_their_neighbours():
    """Every node is the mean of all nodes one hour earlier plus its own random noise."""
    random = np.random.default_rng(0)
    values = np.zeros((1500, 5), dtype=np.float32)
    for hour in range(1, 1500):
        values[hour] = 0.98 * values[hour - 1].mean() + random.standard_normal(5)
    panel = small_panel()
    task = task_of(Panel(values, panel.observed, panel.times, panel.nodes, "kWh", "UTC", "test"))
    graph = graph_of(task, neighbours=4)
    origins = task.origins(task.splits.test)
    truth = [part[:, :1] for part in task.truth(origins)]
    with_graph, alone = (
        rmse(solved(task, graph, uses).forecast(origins)[:, :1], *truth) for uses in (True, False)
    )
    assert with_graph == pytest.approx(1.0, abs=0.1), "the noise itself cannot be predicted"
    assert alone > 1.05 * with_graph


def test_pairs_are_sampled_if_there_are_too_many(gappy_task, graph, monkeypatch):
    whole = solved(gappy_task, graph, True)
    monkeypatch.setattr("wattshed.forecast.networks.linear_part.MOST_PAIRS", 2000)
    drawn, again = (solved(gappy_task, graph, True) for _ in range(2))
    assert torch.equal(drawn.network.weight, again.network.weight)
    assert not torch.equal(drawn.network.weight, whole.network.weight)
    origins = gappy_task.origins(gappy_task.splits.test)
    errors = [rmse(one.forecast(origins), *gappy_task.truth(origins)) for one in (whole, drawn)]
    assert errors[1] == pytest.approx(errors[0], rel=0.1)


def test_an_untrained_residual_network_equals_its_linear_part(task, graph):
    network = untrained(task.windows, 5, form="stgnn", linear_part=True, calendar=True, node_table=True)
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU)
    forecaster = NeuralForecaster(network, series, 3)
    forecaster.solve(task)
    origins = task.origins(task.splits.test)[:20]
    np.testing.assert_array_equal(
        forecaster.forecast(origins), forecaster.of(network.linear).forecast(origins)
    )


def test_a_horizon_beyond_a_week_repeats_the_latest_week(graph):
    task = task_of(small_panel(hours=3000))
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU)
    linear = LinearPart(12, 170, uses_graph=False)
    pairs = series.pairs(torch.tensor([2]), torch.tensor([400]))
    week = linear.features(pairs)[0, 12 : 12 + 170]
    expected = torch.cat([series.own[2, 232:400], series.own[2, 232:234]])
    torch.testing.assert_close(week, expected)


def test_no_feature_reads_the_future():
    task = task_of(small_panel())
    graph = graph_of(task)
    changed = small_panel()
    origin = int(task.origins(task.splits.test)[5])
    changed.values[origin:] = 1e3
    found = []
    for panel in (task.panel, changed):
        own_task = task_of(panel)
        series = ScaledSeries.make(own_task, graph.adjacency, "node", CPU)
        pairs = series.pairs(torch.arange(5), torch.full((5,), origin))
        found.append(LinearPart(12, 3, uses_graph=True).features(pairs))
    assert torch.equal(*found)


def test_the_windows_block_decides_the_size_of_the_linear_part(task):
    assert WindowsBlock(look_back_h=12, horizon_h=3) == task.windows
    # A week and six single days for each of the two series.
    assert LinearPart(12, 3, True).weight.shape == (2 * (12 + 7 * 3) + 32, 3)
    assert LinearPart(24, 6, True).days_back == [2, 3, 4, 5, 6], "yesterday is in the look-back"
    assert LinearPart(24, 48, True).days_back == [2, 3, 4, 5, 6], "a day ahead is not known yet"
    assert LinearPart(168, 6, True).days_back == []
