"""Width and depth of the recurrent families, against formulas in float64."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from layered_networks import DEEP, FAMILIES, RESIDUAL, WINDOWS, randomised, series_of
from made_pairs import random_pairs
from model_blocks import model_block, untrained
from wattshed.forecast.computing import backend_of
from wattshed.forecast.families.family import Offer, make_network
from wattshed.forecast.series import Sequences
from wattshed.forecast.streaming import RUN_IN_H, StreamingForecaster
from wattshed.foundation import plugins


def gru_by_hand(weights, steps, layers):
    """States of the last layer [M, W, H] in float64; steps: [M, W, inputs]."""
    for layer in range(layers):
        input_gates, state_gates, input_bias, state_bias = (
            weights[f"gru.{name}_l{layer}"].double()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        state = torch.zeros(len(steps), state_gates.shape[1], dtype=torch.float64)
        states = []
        for hour in range(steps.shape[1]):
            (ir, iz, n_in) = (steps[:, hour] @ input_gates.T + input_bias).chunk(3, -1)
            (hr, hz, n_h) = (state @ state_gates.T + state_bias).chunk(3, -1)
            update = torch.sigmoid(iz + hz)
            state = (1 - update) * torch.tanh(n_in + torch.sigmoid(ir + hr) * n_h) + update * state
            states.append(state)
        steps = torch.stack(states, dim=1)
    return steps


@pytest.mark.parametrize("form", FAMILIES)
@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize(("hidden", "channels"), [(16, None), (16, 8), (5, 16), (1, 1)])
def test_the_number_of_parameters_is_that_of_the_formula(form, layers, hidden, channels):
    """Graph layer g + g (weight and bias, and the own channel's weight where there is one); the first recurrent layer
    3 (g h + h^2) + 6 h, each further one 6 h^2 + 6 h; output h H + H."""
    network = untrained(WINDOWS, 5, form=form, hidden=hidden, channels=channels, recurrent_layers=layers)
    wide = channels or hidden
    graph_layer = 3 * wide if form == "stgnn" else 2 * wide
    first = 3 * (wide * hidden + hidden * hidden) + 6 * hidden
    further = (layers - 1) * (6 * hidden * hidden + 6 * hidden)
    assert network.parameter_count() == graph_layer + first + further + hidden * 3 + 3


@pytest.mark.parametrize("graph_layers", [1, 2, 4])
def test_each_further_graph_layer_has_a_square_matrix_and_a_bias(graph_layers):
    network = untrained(WINDOWS, 5, form="stgnn_reference", hidden=16, channels=6, graph_layers=graph_layers)
    one = untrained(WINDOWS, 5, form="stgnn_reference", hidden=16, channels=6)
    assert network.parameter_count() == one.parameter_count() + (graph_layers - 1) * (6 * 6 + 6)


def test_tables_are_as_wide_as_the_graph_layer():
    network = untrained(WINDOWS, 5, form="stgnn", hidden=7, channels=4, calendar=True, node_table=True)
    plain = untrained(WINDOWS, 5, form="stgnn", hidden=7, channels=4)
    assert network.parameter_count() == plain.parameter_count() + 4 * (24 + 7 + 5)


@pytest.mark.parametrize("graph_layers", [1, 3])
def test_the_reference_with_several_layers_computes_the_formula(graph, graph_layers):
    """Every graph layer is ReLU(A (x W + b)), every recurrent layer reads the states of the one before."""
    block = model_block(form="stgnn_reference", graph_layers=graph_layers, **DEEP)
    network = randomised(make_network(block, WINDOWS, graph.adjacency, 1)).eval()
    history = torch.randn(2, 12, 5)
    dense = torch.from_numpy(graph.adjacency.toarray()).double()
    weights = network.state_dict()
    values = history.double()[..., None]
    for name in ["input", *(f"further.{number}" for number in range(graph_layers - 1))]:
        values = values @ weights[f"{name}.weight"].double().T + weights[f"{name}.bias"].double()
        values = torch.relu(torch.einsum("nm,bwmc->bwnc", dense, values))
    states = gru_by_hand(weights, values.permute(0, 2, 1, 3).flatten(0, 1), 3)
    expected = states[:, -1] @ weights["output.weight"].double().T + weights["output.bias"].double()
    found = network(history).permute(0, 2, 1).flatten(0, 1)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", FAMILIES)
def test_half_precision_takes_all_layers(form):
    """Sums over neighbours stay in fp32 in every graph layer."""
    keys = {"graph_layers": 3} if form == "stgnn_reference" else {}
    network = randomised(untrained(WINDOWS, 9, form=form, **keys, **DEEP)).eval()
    batch = torch.randn(2, 12, 9) if form == "stgnn_reference" else random_pairs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(batch)
    half.float().square().mean().backward()
    assert all(torch.isfinite(value.grad).all() for value in network.parameters())
    # bf16 has 8 bits of precision.
    torch.testing.assert_close(half.float(), network(batch), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("form", ["stgnn", "gru"])
def test_a_recurrent_network_with_several_layers_computes_the_formula(form):
    network = randomised(untrained(WINDOWS, 9, form=form, **DEEP)).eval()
    pairs, weights = random_pairs(), network.state_dict()
    lifted = pairs.own.double()[..., None] * weights["own.weight"][:, 0].double()
    if form == "stgnn":
        lifted += pairs.aggregate.double()[..., None] * weights["neighbours.weight"][:, 0].double()
        lifted += (pairs.row_sum[:, None] * weights["neighbours.bias"]).double()[:, None]
    else:
        lifted += weights["own.bias"].double()
    states = gru_by_hand(weights, torch.relu(lifted), 3)
    expected = states[:, -1] @ weights["output.weight"].double().T + weights["output.bias"].double()
    torch.testing.assert_close(network(pairs).double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", FAMILIES)
def test_empty_keys_and_their_meaning_are_the_same_network(form):
    """Also to the byte: the weights are drawn in the same order as without the keys."""
    share = 0.3 if form == "stgnn_reference" else 0.0
    plain = untrained(WINDOWS, 5, form=form, hidden=6).state_dict()
    said = untrained(
        *(WINDOWS, 5),
        form=form,
        hidden=6,
        channels=6,
        recurrent_layers=1,
        graph_dropout=share,
        state_dropout=share,
    ).state_dict()
    assert list(plain) == list(said)
    assert all(torch.equal(plain[name], said[name]) for name in plain)


@pytest.mark.parametrize(
    ("keys", "units"),
    [
        ({"form": "gru", **DEEP}, 21),
        ({**RESIDUAL, **DEEP}, 21),
        ({"form": "lstm", "calendar": True, **DEEP}, 42),
    ],
    ids=["gru", "residual", "lstm"],
)
@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_a_stream_of_several_layers_equals_one_long_sequence(keys, units, engine, task, graph, tmp_path):
    network = randomised(untrained(task.windows, 5, **keys)).eval()
    stream = StreamingForecaster(network, series_of(task, graph, engine), 3)
    assert network.state_units() == units
    found = stream.forecast(np.arange(400, 420))
    start = 400 - RUN_IN_H
    whole = Sequences(stream.series, torch.arange(5), torch.full((5,), start), 419 - start, RUN_IN_H - 1)
    with torch.no_grad():
        expected = network.forward_sequence(whole)
    np.testing.assert_allclose(
        found, stream.series.scaler.unscale(expected.permute(1, 2, 0).numpy()), rtol=1e-4, atol=1e-5
    )
    stream.write_state(tmp_path / "state")
    other = stream.of(network)
    other.read_state(tmp_path / "state")
    torch.testing.assert_close(other.advance_to(425), stream.advance_to(425), rtol=0, atol=0)


@pytest.mark.parametrize("form", FAMILIES)
def test_several_recurrent_layers_offer_no_units_to_prune(form):
    family = plugins.load("family", form)
    one, two = (model_block(form=form, recurrent_layers=layers) for layers in (1, 2))
    assert Offer.PRUNABLE_UNITS in family.offers(one)
    assert family.offers(two) == family.offers(one) - {Offer.PRUNABLE_UNITS}
    assert untrained(WINDOWS, 5, form=form, recurrent_layers=2).prunable_units() is None


def test_the_reason_why_torch_computes_is_in_words(task, graph):
    series = series_of(task, graph)
    for keys in ({"form": "gru"}, RESIDUAL):
        deep = untrained(task.windows, 5, recurrent_layers=2, **keys)
        assert backend_of(deep, series).why == "no kernel for a GRU of 2 layers"
        assert deep.kernel_weights() is None
    low_rank = plugins.load("method", "low_rank")
    settings = low_rank.Settings(method="low_rank", rank=2)
    thin = low_rank.make(untrained(task.windows, 5, form="gru"), settings)
    assert backend_of(thin, series).why == "no kernel for a layer UnrolledGRU"


def test_sampled_nodes_are_forecast_as_if_all_were_with_several_graph_layers(graph):
    """The inner layers take all nodes of the network's own graph; with all rows given, they take the given graph."""
    block = model_block(form="stgnn_reference", graph_layers=2, hidden=8)
    network = randomised(make_network(block, WINDOWS, graph.adjacency, 1)).eval()
    history = torch.randn(2, 12, 5)
    rows = network.adjacency.to_dense()[[0, 3]].to_sparse_csr()
    torch.testing.assert_close(network(history, rows), network(history)[..., [0, 3]])
    assert torch.equal(network(history, network.adjacency), network(history))
    halved = (network.adjacency.to_dense() * 0.5).to_sparse_csr()
    other = make_network(block, WINDOWS, graph.adjacency * 0.5, 1).eval()
    other.load_state_dict(network.state_dict())
    torch.testing.assert_close(network(history, halved), other(history))


@pytest.mark.parametrize("form", FAMILIES)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("channels", 0),
            ("channels", 1025),
            ("channels", 2.5),
            ("recurrent_layers", 0),
            ("recurrent_layers", 5),
        ),
        *(
            ("recurrent_layers", True),
            ("graph_dropout", 1.0),
            ("graph_dropout", -0.1),
            ("state_dropout", 1.0),
        ),
        *(("state_dropout", float("nan")), ("graph_layers", 0), ("graph_layers", 5)),
    ],
)
def test_an_impossible_value_is_refused_when_the_block_is_read(form, key, value):
    with pytest.raises((ValidationError, ValueError), match=key):
        model_block(form=form, **{key: value})


@pytest.mark.parametrize("form", ["stgnn", "gru"])
def test_only_the_reference_has_several_graph_layers(form):
    with pytest.raises(ValidationError, match="graph_layers"):
        model_block(form=form, graph_layers=2)
