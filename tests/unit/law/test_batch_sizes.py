"""Sizes of batches and of looks are those of the batches that training draws and of the passes that a look makes."""

import numpy as np
import pytest
import torch

from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast import neural
from wattshed.forecast.families.family import make_network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.law.operations import sizes as of_batches
from wattshed.law.operations.sizes import batch_sizes, engine_of, sampled_edges, validation_sizes
from wattshed.law.operations.training import target_cells
from wattshed.training.batches.making import make_batches
from wattshed.training.spec import ModelSpec

WINDOWS = WindowsBlock(look_back_h=6, horizon_h=2)
NODES = 5


def recipe_of(**keys):
    plain = {"sampling": "pairs", "batch": 7, "epochs": 1, "learning_rate": 1e-3, "schedule": "cosine"}
    return RecipeBlock(**{**plain, "scaling": "node", "sequence_h": 30, "burn_in_h": 10, **keys})


def forecaster_of(block):
    task = task_of(small_panel(nodes=NODES), 6, 2)
    graph = graph_of(task)
    series = ScaledSeries.make(task, graph.adjacency, "node", torch.device("cpu"), "torch")
    network = make_network(block, task.windows, graph.adjacency, 1)
    return NeuralForecaster(network, series, 2), task, graph


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("stgnn", {}),
        ("gru", {"sampling": "sequences"}),
        ("stgnn_reference", {"sampling": "windows"}),
        ("stgnn_reference", {"sampling": "windows", "node_keep_share": 0.6}),
    ],
)
def test_a_batch_has_the_sizes_that_training_draws(form, keys):
    recipe = recipe_of(**keys)
    forecaster, task, graph = forecaster_of(model_block(form))
    spec = ModelSpec("m", 1, model_block(form), recipe, task.windows)
    drawn = next(make_batches(spec, task, forecaster).epoch(1))
    found = batch_sizes(WINDOWS, recipe, NODES, graph.adjacency.nnz, "fused_cpu")
    assert target_cells(found) == drawn.target.numel() == drawn.observed.numel()
    assert found.forecasts == drawn.pairs
    first = drawn.inputs[0]
    if recipe.sampling == "windows":
        assert (found.windows, found.length_steps) == first.shape[:2]
    else:
        assert (found.rows, found.length_steps) == first.own.shape
    assert found.engine == ("torch" if recipe.sampling == "sequences" else "fused_cpu")


def test_a_sampled_graph_keeps_as_many_edges_as_drawn_on_average():
    recipe = recipe_of(sampling="windows", edge_keep_share=0.5, steps_per_epoch=400, batch=1)
    forecaster, task, graph = forecaster_of(model_block("stgnn_reference"))
    spec = ModelSpec("m", 1, model_block("stgnn_reference"), recipe, task.windows)
    drawn = [batch.inputs[1]._nnz() for batch in make_batches(spec, task, forecaster).epoch(1)]
    edges = graph.adjacency.nnz
    assert np.mean(drawn) == pytest.approx(sampled_edges(recipe, NODES, edges, NODES), abs=0.5)
    assert sampled_edges(recipe_of(), NODES, edges, NODES) is None


class Passes:
    """Rows of every call of a network."""

    def __init__(self, network):
        self.rows = []
        network.register_forward_pre_hook(self._note)

    def _note(self, _, inputs):
        first = inputs[0]
        self.rows.append(first.shape[0] * first.shape[2] if isinstance(first, torch.Tensor) else len(first))


@pytest.mark.parametrize(("form", "sampling"), [("stgnn", "pairs"), ("stgnn_reference", "windows")])
@pytest.mark.parametrize("windows", [1, 4, 9])
def test_a_look_makes_as_many_passes(form, sampling, windows, monkeypatch):
    # Four windows of all nodes fit in a pass.
    monkeypatch.setattr(neural, "PAIRS_PER_BLOCK", 4 * NODES + 3)
    monkeypatch.setattr(of_batches, "PAIRS_PER_PASS", 4 * NODES + 3)
    forecaster, task, graph = forecaster_of(model_block(form))
    passes = Passes(forecaster.network)
    forecaster.forecast(task.origins(task.splits.validation)[: 2 * windows : 2])
    found = validation_sizes(
        WINDOWS, recipe_of(sampling=sampling), NODES, graph.adjacency.nnz, "torch", windows
    )
    assert found.passes == len(passes.rows)
    assert found.rows == -(-sum(passes.rows) // len(passes.rows))
    assert found.passes * found.rows >= NODES * windows


def test_a_stream_reads_every_hour_after_its_run_in():
    forecaster, task, graph = forecaster_of(model_block("gru"))
    recipe, windows, gap_h = recipe_of(sampling="sequences"), 5, 8
    origins = task.origins(task.splits.validation)[: windows * gap_h : gap_h]
    read = []
    network = forecaster.network
    advance = network.advance
    network.advance = lambda sequences, state: (
        read.append(sequences.length_steps) or advance(sequences, state)
    )
    StreamingForecaster(network, forecaster.series, 2).forecast(origins)
    hours = int(origins[-1] - origins[0])
    by_torch, by_kernel = (
        validation_sizes(WINDOWS, recipe, NODES, graph.adjacency.nnz, engine, windows, hours)
        for engine in ("torch", "fused_cpu")
    )
    assert by_torch.passes == len(read)
    assert abs(by_torch.passes * by_torch.length_steps - sum(read)) <= len(read)
    assert (by_kernel.passes, by_kernel.length_steps, by_kernel.rows) == (sum(read), 1, NODES)
    assert by_torch.look_back_steps == by_kernel.look_back_steps == 6


@pytest.mark.parametrize(
    ("wanted", "device", "engine"),
    [
        ("auto", "cpu", "fused_cpu"),
        ("auto", "cuda", "fused_cuda"),
        ("auto", "cuda:1", "fused_cuda"),
        ("torch", "cuda", "torch"),
        ("torch", "cpu", "torch"),
        ("auto", "mps", "torch"),
    ],
)
def test_the_engine_follows_from_key_and_device(wanted, device, engine):
    assert engine_of(wanted, device) == engine


def test_half_precision_is_computed_by_torch():
    assert batch_sizes(WINDOWS, recipe_of(precision="bf16"), NODES, 9, "fused_cpu").engine == "torch"


@pytest.mark.parametrize(
    ("nodes", "edges", "engine", "said"),
    [
        (0, 9, "torch", "the panel: nodes is 0; expected a whole number of at least 1; correct this size"),
        (-3, 9, "torch", "the panel: nodes is -3; expected a whole number of at least 1"),
        (2.5, 9, "torch", "the panel: nodes is 2.5; expected a whole number of at least 1"),
        (5, -1, "torch", "the panel: edges is -1; expected a whole number of at least 0"),
        (5, 9, "auto", "the engine 'auto' is unknown; expected one of torch, fused_cpu, fused_cuda"),
    ],
)
def test_impossible_sizes_are_refused_in_one_sentence(nodes, edges, engine, said):
    with pytest.raises(ValueError, match=said) as told:
        batch_sizes(WINDOWS, recipe_of(), nodes, edges, engine)
    assert "\n" not in str(told.value)


def test_a_look_without_windows_is_refused():
    with pytest.raises(ValueError, match="validation_windows is 0"):
        validation_sizes(WINDOWS, recipe_of(), NODES, 9, "torch", 0)
