"""Samples of edges and nodes for the network that computes on all nodes."""

import numpy as np
import pytest
import torch

from model_blocks import model_block
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.training.batches.drawing import PermutedBatches
from wattshed.training.batches.making import make_batches
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")


@pytest.fixture
def made(gappy_task, graph):
    """The forecaster and the batches of a recipe with the given keys."""

    def make(seed=1, **keys):
        block = RecipeBlock(
            sampling="windows",
            batch=2,
            epochs=1,
            steps_per_epoch=200,
            learning_rate=1e-3,
            schedule="plateau",
            scaling="panel",
            **keys,
        )
        model = model_block(form="stgnn_reference", dropout=0.0)
        made_by = ModelSpec("model", seed, model, block, WindowsBlock(look_back_h=12, horizon_h=3))
        forecaster = make_forecaster(made_by, gappy_task, graph, CPU)
        return forecaster.network, make_batches(made_by, gappy_task, forecaster)

    return make


def sampled_adjacencies(batches):
    return [batch.inputs[1].to_dense() for batch in batches.epoch(1)]


def test_without_sampling_nothing_is_wrapped(made):
    _, batches = made()
    assert type(batches) is PermutedBatches


def test_sampled_edges_are_the_graph_on_average_and_self_loops_stay(made, graph):
    _, batches = made(edge_keep_share=0.5)
    whole = graph.adjacency.toarray()
    samples = torch.stack(sampled_adjacencies(batches)).numpy()
    assert samples.shape == (200, 5, 5)
    apart = (whole > 0) & ~np.eye(5, dtype=bool)
    present = (samples > 0)[:, apart].mean()
    # 200 samples of about 12 edges: a standard deviation of 0.01.
    assert present == pytest.approx(0.5, abs=0.05)
    assert (samples[:, ~(whole > 0)] == 0).all()
    np.testing.assert_allclose(
        samples[:, np.eye(5, dtype=bool)], np.tile(np.diag(whole), (200, 1)), rtol=1e-6
    )
    kept = samples[0] * apart > 0
    np.testing.assert_allclose(samples[0][kept], 2 * whole[kept], rtol=1e-6)
    np.testing.assert_allclose(samples.mean(axis=0), whole, atol=0.25 * whole.max())


def test_sampled_nodes_alone_are_forecast_and_as_if_all_were(made, graph):
    network, batches = made(node_keep_share=0.4)
    network.eval()
    seen = set()
    for batch in list(batches.epoch(1))[:20]:
        history, adjacency = batch.inputs
        assert adjacency.shape == (2, 5)
        assert (batch.pairs, len(batch.nodes)) == (4, 2)
        assert batch.target.shape == batch.observed.shape == (2, 3, 2)
        torch.testing.assert_close(network(*batch.inputs), network(history)[..., batch.nodes])
        seen |= set(batch.nodes.tolist())
    assert seen == set(range(5))


def test_targets_are_those_of_the_sampled_nodes(made):
    _, all_batches = made()
    _, batches = made(node_keep_share=0.6, edge_keep_share=0.7)
    for whole, part in zip(all_batches.epoch(2), batches.epoch(2), strict=True):
        assert torch.equal(part.inputs[0], whole.inputs[0])
        assert torch.equal(part.target, whole.target[..., part.nodes])
        assert torch.equal(part.observed, whole.observed[..., part.nodes])


def test_an_epoch_draws_the_same_sample_again_and_another_epoch_another(made):
    _, batches = made(edge_keep_share=0.5, node_keep_share=0.6)
    torch.manual_seed(3)
    first = list(batches.epoch(1))
    torch.manual_seed(4)
    again, other = list(batches.epoch(1)), list(batches.epoch(2))
    assert all(torch.equal(a.nodes, b.nodes) for a, b in zip(first, again, strict=True))
    assert all(
        torch.equal(a.inputs[1].to_dense(), b.inputs[1].to_dense()) for a, b in zip(first, again, strict=True)
    )
    assert any(not torch.equal(a.nodes, b.nodes) for a, b in zip(first, other, strict=True))


def test_at_least_one_node_is_learned_from(made):
    _, batches = made(node_keep_share=0.01)
    assert next(iter(batches.epoch(1))).target.shape == (2, 3, 1)


def test_a_model_learns_and_forecasts_on_its_own_cleaned_graph(gappy_task, graph):
    """Its network's graph and its series' aggregate lose the same edges."""
    bound = float(np.median(weights_of(graph)))
    recipe = RecipeBlock(
        sampling="windows", batch=2, epochs=1, learning_rate=1e-3, schedule="plateau", scaling="panel"
    )
    found = []
    for minimum in (0.0, bound):
        block = model_block(form="stgnn_reference", dropout=0.0, minimum_edge_weight=minimum)
        spec = ModelSpec("model", 1, block, recipe, WindowsBlock(look_back_h=12, horizon_h=3))
        forecaster = make_forecaster(spec, gappy_task, graph, CPU)
        found.append((forecaster.network.adjacency.to_dense(), forecaster.series))
    (whole, _), (cleaned, series) = found
    assert 5 < (cleaned > 0).sum() < (whole > 0).sum()
    torch.testing.assert_close(series.aggregate, cleaned @ series.own, rtol=1e-4, atol=1e-5)


def weights_of(graph):
    """Weights of the edges before they were normalised."""
    dense, scale = graph.adjacency.toarray(), np.sqrt(graph.adjacency.diagonal())
    weights = dense / np.outer(scale, scale)
    return weights[~np.eye(len(dense), dtype=bool) & (dense > 0)]
