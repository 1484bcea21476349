import time

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import small_panel
from wattshed.config.data.graph import GraphBlock
from wattshed.data.graph import Graph, build_graph, nearest_neighbours, normalise
from wattshed.data.panel import Panel
from wattshed.data.similarity import metadata_similarity
from wattshed.data.splits import Segment
from wattshed.foundation.faults import Fault

TRAIN = Segment("train", 0, 900)


def metadata(count, seed=0):
    random = np.random.default_rng(seed)
    table = {f"p{index}": random.choice([2.3, 3.45, 4.6, np.nan], count) for index in range(1, 7)}
    table["province"] = random.choice(["Gipuzkoa", "Bizkaia"], count)
    table["municipality"] = random.choice(list("ABCDEF"), count)
    table["contracted_tariff"] = random.choice(["2.0TD", "3.0TD"], count)
    return pd.DataFrame(table, index=pd.Index([f"n{i}" for i in range(count)], name="node"))


def test_similarity_equals_the_studys_dense_formula():
    """0.5 cosine of place, .3 (1 - d / max d) of power, .2 cosine of tariff."""
    nodes = metadata(60)
    province, municipality, tariff = (
        pd.get_dummies(nodes[name]).to_numpy(float)
        for name in ("province", "municipality", "contracted_tariff")
    )
    place = np.concatenate([province, municipality], axis=1)
    cosine = place @ place.T / 2
    raw = nodes[[f"p{i}" for i in range(1, 7)]].to_numpy()
    power = np.nan_to_num((raw - np.nanmean(raw, axis=0)) / np.nanstd(raw, axis=0))
    distance = np.linalg.norm(power[:, None] - power[None], axis=2)
    expected = 0.5 * cosine + 0.3 * (1 - distance / distance.max()) + 0.2 * (tariff @ tariff.T)
    found = metadata_similarity(nodes, GraphBlock()).rows(np.arange(60))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_identical_nodes_do_not_all_choose_the_same_neighbours():
    """With plain argsort 188 of 200 identical nodes had no incoming edge, and one had 199."""
    nodes = metadata(1).iloc[np.zeros(200, int)].set_axis([f"n{i}" for i in range(200)])
    directed = nearest_neighbours(metadata_similarity(nodes, GraphBlock()), 10, seed=1)
    incoming = np.diff(directed.tocsc().indptr)
    assert incoming.max() < 5 * 10
    assert (incoming == 0).sum() <= 2
    assert (np.diff(directed.indptr) == 10).all()
    assert directed.diagonal().sum() == 0


def test_the_same_seed_gives_the_same_graph_and_another_seed_does_not():
    nodes = metadata(1).iloc[np.zeros(100, int)].set_axis([f"n{i}" for i in range(100)])
    similarity = metadata_similarity(nodes, GraphBlock())
    first, again, other = (nearest_neighbours(similarity, 5, seed) for seed in (1, 1, 2))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0


def test_normalisation_is_symmetric_and_equals_the_dense_formula():
    random = np.random.default_rng(0)
    dense = np.where(random.random((30, 30)) < 0.2, random.random((30, 30)), 0)
    np.fill_diagonal(dense, 0)
    both = np.clip(dense + dense.T, 0, 1) + np.eye(30)
    scale = np.diag(both.sum(axis=1) ** -0.5)
    found = normalise(sp.csr_array(dense)).toarray()
    np.testing.assert_allclose(found, scale @ both @ scale, atol=1e-6)
    np.testing.assert_allclose(found, found.T, atol=1e-7)


def test_duplicate_edges_are_added_up():
    entries = (np.array([0.2, 0.3, 0.1]), np.array([1, 1, 2]), np.array([0, 2, 2, 3]))
    twice = sp.csr_array(entries, shape=(3, 3))
    assert twice.nnz == 3
    once = sp.csr_array(np.array([[0, 0.5, 0], [0, 0, 0], [0, 0, 0.1]]))
    found = normalise(twice)
    assert found.nnz == normalise(once).nnz
    np.testing.assert_allclose(found.toarray(), normalise(once).toarray(), atol=1e-7)


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(0, 10_000), st.floats(0, 1))
def test_light_edges_are_dropped_before_normalising_and_self_loops_stay(count, seed, minimum_weight):
    random = np.random.default_rng(seed)
    dense = random.random((count, count)) * (random.random((count, count)) < 0.5)
    np.fill_diagonal(dense, 0)
    both = np.clip(dense + dense.T, 0, 1)
    both[both < minimum_weight] = 0
    both += np.eye(count)
    scale = np.diag(both.sum(axis=1) ** -0.5)
    found = normalise(sp.csr_array(dense), minimum_weight)
    np.testing.assert_allclose(found.toarray(), scale @ both @ scale, atol=1e-6)
    assert found.nnz == np.count_nonzero(both), "light edges are removed, not set to zero"


def test_the_minimum_weight_of_the_graph_block_drops_light_edges():
    panel = small_panel(nodes=8)
    whole = build_graph(panel, TRAIN, GraphBlock(neighbours=5), None)
    light = build_graph(panel, TRAIN, GraphBlock(neighbours=5, minimum_weight=0.9), None)
    assert 0 < light.degrees().sum() < whole.degrees().sum()


@pytest.mark.parametrize("minimum_weight", [0.3, 0.9, 1.0])
def test_a_cleaned_graph_is_the_one_that_is_built_without_light_edges(minimum_weight):
    panel = small_panel(nodes=8)
    whole = build_graph(panel, TRAIN, GraphBlock(neighbours=5), None)
    built = build_graph(panel, TRAIN, GraphBlock(neighbours=5, minimum_weight=minimum_weight), None)
    cleaned = whole.cleaned(minimum_weight)
    assert (cleaned.adjacency != 0).nnz == (built.adjacency != 0).nnz == cleaned.adjacency.nnz
    np.testing.assert_allclose(cleaned.adjacency.toarray(), built.adjacency.toarray(), atol=1e-6)
    assert cleaned.method == f"load_shape, weights from {minimum_weight:g}"
    assert whole.cleaned(0.0) is whole


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(0, 10_000), st.floats(0.01, 1))
def test_cleaning_drops_light_edges_whole_and_normalises_again(count, seed, minimum_weight):
    random = np.random.default_rng(seed)
    dense = np.triu(random.random((count, count)) * (random.random((count, count)) < 0.6), 1)
    whole = Graph(normalise(sp.csr_array(dense)), [f"n{place}" for place in range(count)], "made")
    if not (dense >= minimum_weight).any():
        if dense.any():
            with pytest.raises(Fault, match="which drops all edges of the graph"):
                whole.cleaned(minimum_weight)
        return
    left = np.where(dense >= minimum_weight, dense, 0)
    found = whole.cleaned(minimum_weight)
    np.testing.assert_allclose(found.adjacency.toarray(), normalise(sp.csr_array(left)).toarray(), atol=1e-6)
    assert found.degrees().sum() == 2 * np.count_nonzero(left)


@pytest.mark.parametrize("weights", [[0.2, 0.4]])
def test_a_bound_above_every_weight_is_refused_wherever_it_is_given(weights):
    """Of the graph block when the graph is built, of a model when it is made."""
    panel = small_panel(nodes=3)
    names = panel.node_names
    edges = pd.DataFrame({"source": names[:2], "target": names[1:], "weight": weights})
    said = r"minimum_weight is 0.5, which drops all edges of the graph: its largest weight is 0.4; expected at most"
    with pytest.raises(Fault, match=rf"graph\.{said}"):
        build_graph(panel, TRAIN, GraphBlock(method="edges", minimum_weight=0.5), edges)
    whole = build_graph(panel, TRAIN, GraphBlock(method="edges"), edges)
    with pytest.raises(Fault, match=r"minimum_edge_weight is 0\.5, which drops all edges of the graph"):
        whole.cleaned(0.5)
    assert whole.cleaned(0.4).degrees().sum() == 2


def test_a_graph_without_edges_has_none_to_drop():
    alone = Graph(normalise(sp.csr_array((3, 3))), ["a", "b", "c"], "made")
    assert alone.cleaned(0.5).degrees().sum() == 0
    panel = small_panel(nodes=1)
    assert build_graph(panel, TRAIN, GraphBlock(minimum_weight=0.5), None).degrees().tolist() == [0]


def test_auto_uses_metadata_if_the_table_has_it_and_load_shapes_if_not():
    panel = small_panel(nodes=8)
    assert build_graph(panel, TRAIN, GraphBlock(neighbours=3), None).method == "load_shape"
    nodes = metadata(8).set_axis(panel.nodes.index)
    with_table = Panel(panel.values, panel.observed, panel.times, nodes, "kWh", "UTC", "test")
    assert build_graph(with_table, TRAIN, GraphBlock(neighbours=3), None).method == "metadata"


def test_load_shapes_come_from_the_training_part_only():
    panel = small_panel(nodes=8)
    changed = panel.values.copy()
    changed[900:] = np.random.default_rng(3).random(changed[900:].shape).astype(np.float32)
    later = Panel(changed, panel.observed, panel.times, panel.nodes, "kWh", "UTC", "test")
    block = GraphBlock(neighbours=3)
    first, second = build_graph(panel, TRAIN, block, None), build_graph(later, TRAIN, block, None)
    assert (first.adjacency != second.adjacency).nnz == 0


def test_a_given_edge_list_becomes_the_graph():
    panel = small_panel(nodes=3)
    edges = pd.DataFrame({"source": ["node_0"], "target": ["node_2"], "weight": [0.5]})
    graph = build_graph(panel, TRAIN, GraphBlock(), edges)
    assert graph.method == "edges"
    assert graph.degrees().tolist() == [1, 0, 1]
    with pytest.raises(Fault, match="has no edge list"):
        build_graph(panel, TRAIN, GraphBlock(method="edges"), None)


def test_a_graph_is_refused_for_a_panel_with_another_node_order(tmp_path):
    """In the study, the graph rows had the order of another file than the data columns."""
    panel = small_panel(nodes=5)
    graph = build_graph(panel, TRAIN, GraphBlock(neighbours=2), None)
    graph.write(tmp_path / "graph.safetensors")
    read = Graph.read(tmp_path / "graph.safetensors", panel)
    assert (read.adjacency != graph.adjacency).nnz == 0
    order = [1, 0, 2, 3, 4]
    other = Panel(
        panel.values[:, order],
        panel.observed[:, order],
        panel.times,
        panel.nodes.iloc[order],
        "kWh",
        "UTC",
        "test",
    )
    with pytest.raises(Fault, match="lists other nodes, or another order"):
        Graph.read(tmp_path / "graph.safetensors", other)


def test_a_shuffled_graph_keeps_its_degrees_and_weights_on_other_nodes(graph):
    shuffled = graph.shuffled(seed=1)
    assert sorted(shuffled.degrees()) == sorted(graph.degrees())
    assert shuffled.adjacency.sum() == pytest.approx(graph.adjacency.sum())
    assert (shuffled.adjacency != graph.adjacency).nnz > 0


def test_no_dense_matrix_is_made_for_two_thousand_nodes():
    """The full 8,442 nodes are a benchmark; here memory must stay far below N x N float64 (32 MB)."""
    import tracemalloc

    similarity = metadata_similarity(metadata(2000), GraphBlock())
    tracemalloc.start()
    started = time.perf_counter()
    nearest_neighbours(similarity, 10, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30e6, f"{peak / 1e6:.0f} MB after {time.perf_counter() - started:.1f} s"


@pytest.mark.parametrize("minimum_weight", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("self_loops", [False, True])
def test_the_normalised_adjacency_equals_torch_geometrics_to_the_byte(minimum_weight, self_loops):
    # Imported here: it takes seconds, and every worker reads this file.
    from torch_geometric.nn.conv.gcn_conv import gcn_norm
    from torch_geometric.utils import to_undirected

    random = np.random.default_rng(1)
    for count in (2, 17, 150):
        dense = random.random((count, count)) * (random.random((count, count)) < 0.2)
        if not self_loops:
            np.fill_diagonal(dense, 0)
        entries = sp.coo_array(dense)
        index = torch.from_numpy(np.stack([entries.row, entries.col]).astype(np.int64))
        index, weight = to_undirected(index, torch.from_numpy(entries.data), num_nodes=count, reduce="add")
        weight = weight.clamp(0, 1)
        kept = weight >= minimum_weight
        index, weight = gcn_norm(index[:, kept], weight[kept], num_nodes=count, add_self_loops=True)
        row, column = index.numpy()
        expected = sp.coo_array((weight.numpy(), (row, column)), shape=(count, count)).tocsr()
        expected.sort_indices()
        found = normalise(sp.csr_array(dense), minimum_weight)
        np.testing.assert_array_equal(found.indptr, expected.indptr)
        np.testing.assert_array_equal(found.indices, expected.indices)
        assert found.data.tobytes() == expected.data.astype(np.float32).tobytes()
