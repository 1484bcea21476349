"""Sizes from settings alone are those of the networks that are made."""

import pytest

from model_blocks import model_block, untrained
from wattshed.compression.methods import prune
from wattshed.compression.methods.low_rank import LowRankSettings
from wattshed.compression.methods.masks import matrices
from wattshed.compression.methods.prune import PruneSettings
from wattshed.compression.methods.recurrent_sizes import Size, matrices_of, size_of
from wattshed.config.data.windows import WindowsBlock

WINDOWS = WindowsBlock(look_back_h=24, horizon_h=5)
NODES = 7
MODELS = [
    {"form": "gru", "hidden": 6},
    {"form": "gru", "hidden": 6, "channels": 3, "calendar": True},
    {"form": "gru", "hidden": 4, "recurrent_layers": 3, "node_table": True},
    {"form": "lstm", "hidden": 6, "channels": 3, "calendar": True},
    {"form": "lstm", "hidden": 4, "recurrent_layers": 2, "node_table": True},
    {"form": "transformer", "width": 6},
    {"form": "transformer", "width": 6, "layers": 3, "heads": 3, "feed_forward": 5, "length_h": 7},
    {"form": "transformer", "width": 4, "layers": 1, "calendar": True, "node_table": True},
    {"form": "stgnn", "hidden": 6},
    {"form": "stgnn", "hidden": 6, "own_history": False, "channels": 9},
    {"form": "stgnn", "hidden": 6, "calendar": True, "node_table": True, "recurrent_layers": 2},
    {"form": "dlinear"},
    {"form": "stgnn_reference", "hidden": 6},
    {"form": "stgnn_reference", "hidden": 6, "channels": 4, "graph_layers": 3, "recurrent_layers": 2},
]


@pytest.mark.parametrize("keys", MODELS, ids=str)
def test_sizes_are_those_of_the_network(keys):
    network, block = untrained(WINDOWS, NODES, **keys), model_block(**keys)
    size = size_of(block, [], WINDOWS)
    assert size.fixed + NODES * size.per_node == network.parameter_count()
    assert sorted(matrices_of(block, [], WINDOWS).values()) == sorted(
        weights.numel() for weights in matrices(network).values()
    )


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        *(
            (what, {"form": form, "hidden": 6, "channels": 8})
            for what in ("units", "channels", "both")
            for form in ("stgnn", "lstm")
        ),
        ("units", {"form": "transformer", "width": 6, "feed_forward": 10}),
    ],
)
def test_sizes_count_what_pruning_left(what, keys):
    settings = PruneSettings(method="prune", keep_share=0.5, what=what)
    block = model_block(**keys)
    pruned = prune.METHOD.make(untrained(WINDOWS, NODES, **keys), settings)
    assert size_of(block, [settings], WINDOWS).fixed == pruned.parameter_count()
    found = matrices_of(block, [settings], WINDOWS)
    assert sorted(found.values()) == sorted(weights.numel() for weights in matrices(pruned).values())


def test_matrices_of_low_rank_are_not_known_and_other_families_have_no_formula():
    thin = LowRankSettings(method="low_rank", rank=2)
    assert matrices_of(model_block(hidden=8), [thin], WINDOWS) is None
    assert size_of(model_block(hidden=8), [thin], WINDOWS) == size_of(model_block(hidden=8), [], WINDOWS)
    assert size_of(model_block("pooled_ridge"), [], WINDOWS) is None
    assert matrices_of(model_block("pooled_ridge"), [], WINDOWS) is None


def test_sizes_are_ordered_only_where_every_graph_orders_them():
    small, table, linear = Size(10, 0, 0), Size(9, 2, 0), Size(10, 0, 1)
    assert small.is_at_least(small)
    assert not small.is_at_least(table)
    assert not table.is_at_least(small)
    assert linear.is_at_least(small)
    assert not small.is_at_least(linear)
    assert str(Size(1234, 2, 1)) == "1,234 and 2 for each node beside its linear part"
