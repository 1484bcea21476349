"""Every family counts by formula what torch counts, and knows without torch what would compute it."""

import subprocess
import sys
from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from counted_products import both_flops
from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.calibration.module_operations import operations_of_module
from wattshed.calibration.torch_counts import TOTAL, torch_flops
from wattshed.engine.choice import choose
from wattshed.engine.cpu.fused_cpu import LARGEST_SIZE as LARGEST_ON_CPU
from wattshed.engine.gpu.fused_cuda import SIZES
from wattshed.forecast import neural, streaming
from wattshed.forecast.computing import backend_of
from wattshed.forecast.families.dlinear import kernel_steps
from wattshed.forecast.families.family import fit_of, forward_pass_of, make_network
from wattshed.forecast.families.pooled_features import linear_part_count
from wattshed.forecast.families.registry import MODULES
from wattshed.forecast.networks import linear_part
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.networks.reference import sparse_tensor
from wattshed.forecast.networks.residual import Residual
from wattshed.forecast.pooled import choice
from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.law.operations import fits, kernels, sizes
from wattshed.law.operations.forward import BatchSizes
from wattshed.law.operations.operation import Direction, Kind

CPU = torch.device("cpu")
NODES = 5
SMALL = st.integers(1, 6)
RECURRENT = ("stgnn", "gru", "lstm")
# A pass over labelled windows has no formula.
COUNTED = [form for form in MODULES if form != "gnn_stan"]
# Values of a family's keys, drawn beside the sizes; a key that the family lacks is left out.
KEYS = {
    "hidden": SMALL,
    "channels": st.none() | SMALL,
    "recurrent_layers": st.integers(1, 3),
    "graph_layers": st.integers(1, 3),
    "graph_dropout": st.sampled_from([0.0, 0.4]),
    "state_dropout": st.sampled_from([0.0, 0.4]),
    "aggregate": st.sampled_from(["each_step", "precomputed"]),
    "calendar": st.booleans(),
    "node_table": st.booleans(),
    "own_history": st.booleans(),
    "linear_part": st.booleans(),
    "neighbours": st.booleans(),
    "heads": st.integers(1, 3),
    "width": st.sampled_from([6, 12]),
    "layers": st.integers(1, 3),
    "feed_forward": st.none() | SMALL,
    "length_h": st.none() | st.integers(1, 4),
    "dropout": st.sampled_from([0.0, 0.3]),
}


@lru_cache(maxsize=64)
def made(look_back_steps, horizon_steps):
    """Task, graph and series of one panel."""
    task = task_of(small_panel(nodes=NODES), look_back_steps, horizon_steps)
    graph = graph_of(task)
    return task, graph, ScaledSeries.make(task, graph.adjacency, "node", CPU, "torch")


@st.composite
def blocks(draw, form):
    known = model_block(form).__class__.model_fields
    return model_block(form, **{name: draw(values) for name, values in KEYS.items() if name in known})


class OnSequences(nn.Module):
    """A network as it is trained on sequences."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, sequences):
        return self.network.forward_sequence(sequences)


def same_as_torch(network, given, forward):
    """Products of both directions, weights and tensors."""
    found = both_flops(forward.operations)
    assert found[0] == torch_flops(network, given)[TOTAL]
    if forward.parameters:
        assert found[1] == torch_flops(network, given, backward=True)[TOTAL]
    assert forward.parameters == sum(weight.numel() for weight in network.parameters())
    assert forward.tensors == len(list(network.parameters()))


@pytest.mark.parametrize("form", COUNTED)
def test_a_familys_formula_gives_what_torch_counts(form):
    @settings(max_examples=15)
    @given(blocks(form), st.integers(4, 9), st.integers(1, 4), st.integers(1, 9))
    def check(block, look_back_steps, horizon_steps, count):
        task, graph, series = made(look_back_steps, horizon_steps)
        network = make_network(block, task.windows, graph.adjacency, 1)
        edges = graph.adjacency.nnz
        if network.takes == "windows":
            given_ = torch.cat([series.window(400 + index) for index in range(count)])
            batch = BatchSizes(count * NODES, look_back_steps, horizon_steps, NODES, edges, windows=count)
        else:
            if form == "pooled_ridge" and count % 2:
                count *= NODES
            given_ = series.pairs(torch.arange(count) % NODES, torch.full((count,), 600))
            batch = BatchSizes(count, look_back_steps, horizon_steps, NODES, edges)
        forward = forward_pass_of(block, batch)
        assert not forward.trained_by_kernel
        same_as_torch(network, given_, forward)

    check()


@pytest.mark.parametrize("form", RECURRENT)
def test_a_pass_over_sequences_is_what_torch_counts(form):
    @settings(max_examples=8)
    @given(blocks(form), st.integers(2, 8), st.integers(1, 4), st.integers(1, 4))
    def check(block, hours, outputs, rows):
        task, graph, series = made(6, 2)
        outputs = min(outputs, hours)
        network = OnSequences(make_network(block, task.windows, graph.adjacency, 1))
        sequences = Sequences(series, torch.arange(rows), torch.full((rows,), 600), hours, hours - outputs)
        batch = BatchSizes(rows, hours, 2, NODES, graph.adjacency.nnz, outputs=outputs, look_back_steps=6)
        same_as_torch(network, sequences, forward_pass_of(block, batch))

    check()


@pytest.mark.parametrize("graph_layers", [1, 2, 3])
@pytest.mark.parametrize("aggregate", ["each_step", "precomputed"])
def test_a_sampled_graph_is_counted_by_the_edges_and_nodes_it_keeps(graph_layers, aggregate):
    """Layers before the last one take the whole graph where nodes are sampled."""
    task, graph, series = made(6, 2)
    block = model_block("stgnn_reference", hidden=3, graph_layers=graph_layers, aggregate=aggregate)
    network = make_network(block, task.windows, graph.adjacency, 1)
    rows = graph.adjacency[[0, 2]]
    kept = rows.nnz
    part = sparse_tensor(rows)

    class Sampled(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, history):
            return self.network(history, part)

    batch = BatchSizes(2, 6, 2, NODES, graph.adjacency.nnz, windows=1, sampled_edges=kept)
    same_as_torch(Sampled(), series.window(400), forward_pass_of(block, batch))


@pytest.mark.parametrize("form", COUNTED)
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"hidden": 64, "channels": 64},
        {"hidden": 65},
        {"hidden": 8, "channels": 65},
        {"recurrent_layers": 2},
        {"linear_part": True},
        {"hidden": 1, "channels": 1, "calendar": True, "node_table": True, "state_dropout": 0.3},
    ],
    ids=str,
)
def test_whether_a_kernel_takes_a_network_is_known_without_it(form, keys):
    known = model_block(form).__class__.model_fields
    block = model_block(form, **{name: value for name, value in keys.items() if name in known})
    task, graph, series = made(6, 2)
    network = make_network(block, task.windows, graph.adjacency, 1)
    for engine in ("auto", "torch"):
        # A machine without a compiler computes everything with torch.
        compiles = choose("auto", "cpu", 8).name == "fused_cpu"
        wanted = sizes.engine_of(engine if compiles else "torch", "cpu")
        on = ScaledSeries(series.residence, series.row_sum, series.slot, series.scaler, 6, engine)
        batch = BatchSizes(NODES, 6, 2, NODES, graph.adjacency.nnz, windows=1, engine=wanted)
        forward = forward_pass_of(block, batch)
        assert forward.trained_by_kernel == (backend_of(network, on).name != "torch")
        fused = [one for one in forward.operations if one.kind == Kind.FUSED_RECURRENCE]
        assert len(fused) == int(forward.trained_by_kernel)
        assert forward.parameters == sum(weight.numel() for weight in network.parameters())


def test_a_kernels_products_are_those_of_torch():
    """The rest of its FLOPs, value by value, is less than a tenth at this size."""
    block = model_block("stgnn", hidden=32, channels=32)
    kernel, plain = (
        forward_pass_of(block, BatchSizes(64, 24, 6, NODES, 9, engine=engine)).operations
        for engine in ("fused_cpu", "torch")
    )
    fused = next(one for one in kernel if one.kind == Kind.FUSED_RECURRENCE)
    forward, backward = both_flops(plain)
    assert forward < fused.flops < 1.1 * forward
    assert backward < fused.backward_flops < 1.1 * backward
    assert fused.dependent_steps == 24


def test_numbers_that_formulas_share_with_the_code_are_equal():
    assert kernels.LARGEST_SIZE == LARGEST_ON_CPU == max(SIZES)
    assert sizes.PAIRS_PER_PASS == neural.PAIRS_PER_BLOCK
    assert sizes.RUN_IN_H == streaming.RUN_IN_H
    assert len(linear_part.PENALTIES) == fits.LINEAR_PENALTIES
    assert (linear_part.MOST_PAIRS, linear_part.VALIDATION_PAIRS) == (fits.MOST_PAIRS, fits.VALIDATION_PAIRS)
    assert len(choice.SHARED) == fits.SHARED_PENALTIES
    assert [DLinear(hours, 1).kernel for hours in range(2, 40)] == [
        kernel_steps(hours) for hours in range(2, 40)
    ]


@given(st.integers(2, 336), st.integers(1, 168), st.booleans(), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_the_linear_part_has_as_many_features_as_the_formula_says(
    look_back_steps, horizon_steps, uses_graph, per_hour
):
    made_part = linear_part.LinearPart(look_back_steps, horizon_steps, uses_graph, per_hour)
    assert made_part.weight.shape[0] == linear_part_count(
        look_back_steps, horizon_steps, uses_graph=uses_graph, steps_per_hour=per_hour
    )


@pytest.mark.parametrize("form", RECURRENT)
def test_only_a_linear_part_is_fitted(form):
    given_ = fits.FitSizes(NODES, 100, 20, 24, 6)
    assert fit_of(model_block(form), given_) is None
    found = fit_of(model_block(form, linear_part=True), given_)
    features = linear_part_count(24, 6, uses_graph=form == "stgnn")
    assert {one.kind for one in found} == {Kind.CLOSED_FORM, Kind.HISTORIES}
    gram = next(one for one in found if one.kind == Kind.CLOSED_FORM)
    assert gram.flops == 2 * NODES * 100 * features**2
    task, graph, _ = made(6, 2)
    network = make_network(model_block(form, linear_part=True), task.windows, graph.adjacency, 1)
    assert isinstance(network, Residual)


def test_a_familys_closed_form_grows_with_nodes_and_is_no_training():
    block = model_block("pooled_ridge", recipe=None)
    flops = [
        sum(one.step_flops for one in fit_of(block, fits.FitSizes(nodes, 300, 50, 24, 6))) for nodes in (2, 4)
    ]
    # What is solved for the shared weights does not depend on the nodes.
    assert 1.3 * flops[0] < flops[1] < 2 * flops[0]
    assert forward_pass_of(block, BatchSizes(10, 24, 6, 5)).parameters == 0
    assert fit_of(model_block("dlinear"), fits.FitSizes(1, 1, 1, 24, 6)) is None


def test_several_passes_count_as_calls():
    block = model_block("stgnn", hidden=8)
    once, thrice = (
        forward_pass_of(block, BatchSizes(10, 24, 6, NODES, passes=passes)).operations for passes in (1, 3)
    )
    assert [one.calls * 3 for one in once] == [one.calls for one in thrice]
    assert {one.direction for one in once} == {Direction.FORWARD}


def test_the_reference_takes_whole_windows_only():
    with pytest.raises(ValueError, match="windows is 0, but stgnn_reference takes whole windows"):
        forward_pass_of(model_block("stgnn_reference"), BatchSizes(10, 24, 6, NODES))


OWN_FAMILY = '''
"""A family of a study's own: one linear layer on the look-back, without a formula."""
from typing import Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import SimpleFamily


class Settings(ModelBlock):
    form: Literal["own_linear"] = Field(default="own_linear", description="A linear layer.")


def make(settings, windows, adjacency, seed):
    import torch
    from wattshed.forecast.network import Network

    class Own(Network):
        def __init__(self):
            super().__init__()
            self.ahead = torch.nn.Linear(windows.look_back_steps, windows.horizon_steps)

        def forward(self, pairs):
            return self.ahead(pairs.own)

    torch.manual_seed(seed)
    return Own()


FAMILY = SimpleFamily(Settings, ("pairs",), make, frozenset())
'''


def test_a_family_without_a_formula_has_operations_by_torchs_count(own_plugin):
    own_plugin("own_linear", OWN_FAMILY)
    block = model_block("own_linear")
    assert forward_pass_of(block, BatchSizes(7, 6, 2, NODES)) is None
    assert fit_of(block, fits.FitSizes(NODES, 100, 20, 6, 2)) is None
    task, graph, series = made(6, 2)
    network = make_network(block, task.windows, graph.adjacency, 1)
    found = operations_of_module(network, series.pairs(torch.arange(7) % NODES, torch.full((7,), 600)))
    products = [(one.kind, one.direction, one.flops) for one in found if one.rows]
    each = 2 * 7 * 6 * 2
    assert products == [(Kind.LINEAR, Direction.FORWARD, each), (Kind.LINEAR, Direction.BACKWARD, each)]


COUNT_ALL = """
import sys
from wattshed.config.models.families import read_model
from wattshed.forecast.families.family import fit_of, forward_pass_of
from wattshed.forecast.families.registry import MODULES
from wattshed.law.operations.fits import FitSizes
from wattshed.law.operations.forward import BatchSizes
for form in MODULES:
    block = read_model({"form": form, "recipe": "r"})
    counted = forward_pass_of(block, BatchSizes(10, 24, 6, 5, 15, windows=2))
    # Networks of labelled windows are not predicted by a formula.
    assert counted.operations if form != "gnn_stan" else counted is None
    fit_of(block, FitSizes(5, 100, 20, 24, 6))
heavy = [name for name in ("torch", "pandas", "scipy", "sklearn") if name in sys.modules]
sys.exit(f"counting loads {heavy}" if heavy else 0)
"""


def test_counting_every_family_loads_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", COUNT_ALL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
