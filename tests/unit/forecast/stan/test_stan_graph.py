"""The graph branch against PyTorch Geometric's layers with the same weights."""

import pytest
import torch

from made_examples import REGIONS, made_batch, made_stan
from wattshed.forecast.networks.stan.edges import edge_count, strongest_edges

SHARE = 0.5


def quantile_edges(connectivity, share):
    """As the source makes them: all entries above a quantile, example by example, the diagonal among them."""
    found = []
    for number, matrix in enumerate(connectivity.abs()):
        above = torch.where(matrix > torch.quantile(matrix.flatten(), 1 - share))
        found.append(torch.stack(above) + number * len(matrix))
    return torch.cat(found, dim=1)


def geometric(branch, features, connectivity):
    """The same branch of PyTorch Geometric's layers, on one graph of all examples."""
    # Imported here: it takes seconds, and every worker reads this file.
    from torch_geometric.nn import GATConv, GCNConv, TopKPooling, global_mean_pool

    examples, regions, _ = features.shape
    nodes, batch = features.flatten(0, 1), torch.arange(examples).repeat_interleave(regions)
    edges = quantile_edges(connectivity, branch.edge_share)
    for number, own in enumerate(branch.attentions):
        channels = own.bias.shape[0]
        layer = GATConv(nodes.shape[1], channels, heads=own.heads, concat=False)
        with torch.no_grad():
            layer.lin.weight.copy_(own.values.weight)
            layer.att_src.copy_(own.of_source[None])
            layer.att_dst.copy_(own.of_target[None])
            layer.bias.copy_(own.bias)
        skipped = branch.skips[number](nodes)
        nodes = torch.relu(branch.norms[number](layer(nodes, edges)) + skipped)
        if number < len(branch.pools):
            pool = TopKPooling(channels, ratio=branch.pools[number].share)
            with torch.no_grad():
                pool.select.weight.copy_(branch.pools[number].direction[None])
            nodes, edges, _, batch, _, _ = pool(nodes, edges, batch=batch)
    last = GCNConv(nodes.shape[1], nodes.shape[1])
    with torch.no_grad():
        last.lin.weight.copy_(branch.convolution.values.weight)
        last.bias.copy_(branch.convolution.bias)
    nodes = torch.relu(branch.final_norm(last(nodes, edges)))
    return global_mean_pool(nodes, batch), edges


@pytest.mark.parametrize("aggregation", ["messages", "dense", "streamed"])
@pytest.mark.parametrize("training", [True, False])
def test_the_branch_equals_geometrics_layers(aggregation, training):
    # 50 - 11 edges of 11 regions: an even number, so that no pair is cut in two.
    share = 41 / 121
    branch = made_stan(variant="base", regions=11, edge_share=share).graph.train(training)
    torch.manual_seed(3)
    for weights in branch.parameters():
        torch.nn.init.normal_(weights, std=0.5)
    for layer in (*branch.attentions, branch.convolution):
        layer.aggregation = aggregation
    batch = made_batch(lengths=(12, 12, 12), regions=11)
    expected, edges = geometric(branch, batch.features, batch.connectivity)
    assert edges.shape[1] > 0
    found = branch(batch.features, batch.connectivity).mean(dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_edges_are_those_of_the_source():
    connectivity = made_batch(regions=11).connectivity
    edges = strongest_edges(connectivity, 41 / 121)
    looped = edges.with_loops(11)
    assert edges.sources.shape == (4, 30)
    assert edges.kept.all()
    first = torch.arange(4)[:, None] * 11
    found = set(
        zip(
            (looped.sources + first).flatten().tolist(),
            (looped.targets + first).flatten().tolist(),
            strict=True,
        )
    )
    assert found == set(map(tuple, quantile_edges(connectivity, 41 / 121).T.tolist()))


def test_regions_without_correlations_have_no_edges_but_to_themselves():
    connectivity = torch.eye(REGIONS).expand(2, -1, -1).clone()
    connectivity[1, :2, :2] = torch.tensor([[1.0, -0.5], [-0.5, 1.0]])
    edges = strongest_edges(connectivity, SHARE)
    assert edges.sources.shape == (2, edge_count(REGIONS, SHARE))
    assert edges.kept.sum(dim=1).tolist() == [0, 2]
    branch = made_stan().graph
    found = branch(torch.randn(2, REGIONS, 4), connectivity)
    assert torch.isfinite(found).all()


def test_edges_of_removed_nodes_are_dropped():
    connectivity = made_batch().connectivity
    edges = strongest_edges(connectivity, SHARE)
    nodes = torch.tensor([[6, 2, 0, 4]]).expand(4, -1)
    among = edges.among(nodes, REGIONS)
    dense = among.dense(expected_share=0.0)
    assert dense.kept.shape[1] == among.kept.sum(dim=1).max() < edges.kept.shape[1]
    for row in range(4):
        whole = [tuple(pair) for pair in torch.stack([edges.sources, edges.targets], -1)[row].tolist()]
        order = nodes[row].tolist()
        expected = {(order.index(a), order.index(b)) for a, b in whole if a in order and b in order}
        for some in (among, dense):
            pairs = torch.stack([some.sources, some.targets], -1)[row][some.kept[row]].tolist()
            assert {tuple(pair) for pair in pairs} == expected
            assert len(pairs) == len(expected)
