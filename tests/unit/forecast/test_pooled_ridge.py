"""The partially pooled ridge regression: shared weights, and every node's deviation from them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from small_study import graph_of, small_panel, task_of
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.pooled import network as pooled_network
from wattshed.forecast.pooled.choice import Choice, choose_penalties, stepped
from wattshed.forecast.pooled.dropping import useful_features
from wattshed.forecast.pooled.features import PooledFeatures, feature_groups
from wattshed.forecast.pooled.network import PooledRidge
from wattshed.forecast.pooled.same_hours import same_hours
from wattshed.forecast.pooled.solution import (
    CONSTANT_PENALTY,
    Penalties,
    SharedSystem,
    inverses,
    node_weights,
)
from wattshed.forecast.pooled.sums import NodeSums
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault

CPU = torch.device("cpu")
FIXED = Choice(Penalties(free=0.1, tied=1.0, shared=0.01), 0.0, 1)


def made_sums(rows=(40, 60, 25), features=6, horizon=2, seed=0):
    """Data of some nodes whose weights differ a little, and its sums. The last feature is the constant."""
    random = np.random.default_rng(seed)
    common, data = random.standard_normal((features, horizon)), []
    for count in rows:
        x = random.standard_normal((count, features))
        x[:, -1] = 1
        weights = common + 0.3 * random.standard_normal((features, horizon))
        data.append((x, x @ weights + 0.1 * random.standard_normal((count, horizon))))
    sums = NodeSums(
        np.stack([x.T @ x for x, _ in data]),
        np.stack([x.T @ y for x, y in data]),
        np.array([np.square(y).sum() for _, y in data]),
        np.array(rows, dtype=float),
    )
    return data, sums


def solved_weights(sums, penalties, free, variances, rows):
    diagonal = penalties.of_deviations(free, rows)
    inverse = inverses(sums, diagonal)
    system = SharedSystem.empty(*sums.moment.shape[1:])
    system.add(sums, inverse, diagonal, variances)
    shared = system.solve(penalties.shared, rows)
    return shared, node_weights(sums.moment, inverse, diagonal, shared)


def test_shared_weights_and_deviations_minimise_the_penalised_error():
    """An oracle: all weights of all nodes in one dense least-squares problem."""
    data, sums = made_sums()
    free = np.array([True, False, False, True, False, True])
    variances, rows, penalties = np.array([1.0, 0.5, 2.0]), 40.0, Penalties(0.3, 2.0, 0.05)
    shared, found = solved_weights(sums, penalties, free, variances, rows)
    count, nodes = len(free), len(data)
    lines, targets = [], []
    for node, (x, y) in enumerate(data):
        block = np.zeros((len(x), count * (nodes + 1)))
        block[:, :count] = block[:, count * (node + 1) : count * (node + 2)] = x
        lines.append(np.sqrt(variances[node]) * block)
        targets.append(np.sqrt(variances[node]) * y)
        ridge = np.zeros((count, count * (nodes + 1)))
        own = np.sqrt(variances[node] * penalties.of_deviations(free, rows))
        ridge[:, count * (node + 1) : count * (node + 2)] = np.diag(own)
        lines.append(ridge)
        targets.append(np.zeros((count, 2)))
    ridge = np.full(count, 0.05 * rows * variances.sum())
    ridge[-1] = CONSTANT_PENALTY * rows * variances.sum()
    lines.append(np.hstack([np.diag(np.sqrt(ridge)), np.zeros((count, count * nodes))]))
    targets.append(np.zeros((count, 2)))
    expected = np.linalg.lstsq(np.vstack(lines), np.vstack(targets), rcond=None)[0].reshape(
        nodes + 1, count, 2
    )
    np.testing.assert_allclose(shared, expected[0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found, expected[0] + expected[1:], rtol=1e-8, atol=1e-10)


def test_the_error_from_sums_is_that_of_the_rows():
    data, sums = made_sums()
    weights = np.random.default_rng(1).standard_normal((3, 6, 2))
    direct = [np.square(x @ of - y).sum() for (x, y), of in zip(data, weights, strict=True)]
    np.testing.assert_allclose(sums.squared_error(weights), direct)


def test_strong_pooling_gives_all_nodes_the_same_weights_and_a_node_without_rows_the_shared_ones():
    _, sums = made_sums(rows=(40, 60, 0))
    free, variances = np.zeros(6, dtype=bool), np.ones(3)
    shared, found = solved_weights(sums, Penalties(1e7, 1e7, 1e-3), free, variances, 40.0)
    np.testing.assert_allclose(found, np.broadcast_to(shared, found.shape), atol=1e-4)
    shared, found = solved_weights(sums, Penalties(0.1, 0.1, 1e-3), free, variances, 40.0)
    assert not np.allclose(found[0], shared, atol=1e-2)
    np.testing.assert_allclose(found[2], shared)


@given(some.integers(-8, 10), some.integers(-3, 3))
def test_steps_of_the_grid_can_be_taken_back(place, steps):
    value = stepped(1.0, place)
    assert stepped(stepped(value, steps), -steps) == value
    assert stepped(value, 1) > value


def test_the_search_leaves_its_start_as_far_as_the_data_asks():
    """Nodes that are all the same ask for strong pooling, nodes that have nothing in common for weak pooling."""
    random = np.random.default_rng(3)
    free = np.zeros(6, dtype=bool)

    def chosen(spread):
        common = random.standard_normal((6, 1))
        parts = []
        for count in (30, 200):
            grams, moments, squares = [], [], []
            for node in range(12):
                weights = common + spread * np.random.default_rng(node).standard_normal((6, 1))
                x = random.standard_normal((count, 6))
                y = x @ weights + random.standard_normal((count, 1))
                grams.append(x.T @ x)
                moments.append(x.T @ y)
                squares.append(np.square(y).sum())
            parts.append(
                NodeSums(np.stack(grams), np.stack(moments), np.array(squares), np.full(12, float(count)))
            )
        return choose_penalties(*parts, free, np.ones(12), 30.0)

    assert chosen(0.0).penalties.tied >= 30
    assert chosen(5.0).penalties.tied <= 0.1


def test_dropping_features_keeps_those_that_matter_and_the_constant():
    random = np.random.default_rng(0)
    x = random.standard_normal((500, 9))
    x[:, 8] = 1
    y = (x[:, 2] - 2 * x[:, 5] + 0.1 * random.standard_normal(500))[:, None]
    sums = NodeSums((x.T @ x)[None], (x.T @ y)[None], np.array([np.square(y).sum()]), np.array([500.0]))
    free = np.zeros(9, dtype=bool)
    kept = useful_features(sums, np.ones(1), Penalties(0.1, 0.1, 0.01), free, 500.0, 3)
    assert kept.tolist() == [2, 5, 8]


def ridge_of(task, **keys):
    windows = task.windows
    groups = feature_groups(
        windows.look_back_steps, windows.horizon_steps, neighbours=keys.get("neighbours", True)
    )
    nodes = len(task.panel.node_names)
    return PooledRidge(
        PooledFeatures(groups), windows.horizon_steps, nodes, keep_sums=keys.get("keep_sums", True)
    )


def series_of(task):
    return ScaledSeries.make(task, graph_of(task).adjacency, "node", CPU)


def test_statistics_of_the_same_hours_equal_those_of_a_loop_and_know_no_day_before_the_first():
    task = task_of(small_panel())
    series = series_of(task)
    own = series.own.numpy()
    origins = torch.tensor([168, 180, 191, 192, 250, 503, 504, 505, 900])
    nodes = torch.arange(len(origins)) % 5
    found = same_hours(3, series.pairs(nodes, origins)).numpy()
    for row, (node, origin) in enumerate(zip(nodes.tolist(), origins.tolist(), strict=True)):
        for hour in range(3):
            days = [own[node, origin + hour - 24 * back] for back in range(1, 8)]
            earlier = [own[node, at] for back in range(8, 22) if (at := origin + hour - 24 * back) >= 0]
            # A day counts if its whole span lies in the panel.
            earlier = earlier[: origin // 24 - 7]
            expected = [max(days), min(days), np.median(days), np.mean(earlier or days)]
            np.testing.assert_allclose(found[row, hour::3], expected, rtol=1e-5, atol=1e-6)


def test_learning_a_month_equals_solving_on_all_data(monkeypatch):
    task = task_of(small_panel(hours=24 * 80, missing_share=0.05))
    series = series_of(task)
    monkeypatch.setattr(pooled_network, "choose_penalties", lambda *given: FIXED)
    network = ridge_of(task)
    network.solve(task, series)
    before = network.node_weight.clone()
    months = [task.origins(month.learn) for month in task.splits.months]
    assert months
    for origins in months:
        network.learn(task, series, origins)
    assert not torch.allclose(network.node_weight, before, atol=1e-3)
    joint = ridge_of(task)
    joint.solve(task, series)
    joint.learn(task, series, np.concatenate(months))
    torch.testing.assert_close(network.node_weight, joint.node_weight, rtol=1e-5, atol=1e-6)
    assert network.rows.tolist() == joint.rows.tolist()


def test_a_panel_that_is_read_in_blocks_of_nodes_gives_the_same_weights(monkeypatch):
    task = task_of(small_panel())
    series = series_of(task)
    monkeypatch.setattr(pooled_network, "choose_penalties", lambda *given: FIXED)
    whole = ridge_of(task)
    whole.solve(task, series)
    # All rows are observed, so the mean number of rows of some nodes is that of all.
    monkeypatch.setattr(pooled_network, "SUMS_BYTES", 2 * 8 * len(whole.features) ** 2 * 2)
    blocks = ridge_of(task)
    blocks.solve(task, series)
    torch.testing.assert_close(blocks.node_weight, whole.node_weight, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(blocks.gram, whole.gram)


def test_forecasts_of_any_order_of_pairs_are_the_same():
    task = task_of(small_panel())
    series = series_of(task)
    network = ridge_of(task)
    network.solve(task, series)
    nodes, origins = torch.arange(5).repeat(3), torch.arange(900, 903).repeat_interleave(5)
    expected = network(series.pairs(nodes, origins))
    order = torch.randperm(15, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(series.pairs(nodes[order], origins[order])), expected[order])
    torch.testing.assert_close(network(series.pairs(nodes[:7], origins[:7])), expected[:7])


def test_without_sums_an_update_is_refused_with_the_key():
    task = task_of(small_panel())
    network = ridge_of(task, keep_sums=False)
    assert network.droppable_features() is None
    with pytest.raises(Fault, match=r"cannot be updated, because it does not keep .*keep_sums: true"):
        network.learn(task, series_of(task), task.origins(task.splits.test))


def test_without_neighbours_another_graph_changes_nothing():
    task = task_of(small_panel())
    network = ridge_of(task, neighbours=False)
    names = [group.name for group in network.features.groups]
    assert not [name for name in names if "neighbours" in name or "panel" in name]
    series = series_of(task)
    network.solve(task, series)
    other = ScaledSeries.make(task, graph_of(task).shuffled(3).adjacency, "node", CPU)
    origins = task.origins(task.splits.test)[:4]
    first, second = (NeuralForecaster(network, one, 3).forecast(origins) for one in (series, other))
    assert first.tobytes() == second.tobytes()


def test_a_panel_without_three_weeks_of_days_is_refused():
    task = task_of(small_panel(hours=320))
    with pytest.raises(Fault, match="the panel has 320 h: expected at least 339 h"):
        ridge_of(task).solve(task, series_of(task))
