"""The dropouts of the recurrent families: where they act, and that they act in training alone."""

import pytest
import torch

from layered_networks import FAMILIES, RESIDUAL, WINDOWS, randomised, series_of
from made_pairs import random_pairs
from model_blocks import model_block, untrained
from recurrent_oracle import oracle_forecast, oracle_loss
from wattshed.engine.choice import choose
from wattshed.engine.recurrent import NO_DROPOUT, Additions, RecurrentWeights
from wattshed.forecast.computing import compute, fused_loss
from wattshed.forecast.families.family import make_network
from wattshed.forecast.series import Sequences


@pytest.mark.parametrize("key", ["dropout", "graph_dropout", "state_dropout"])
def test_a_dropout_of_zero_is_zero_and_an_empty_one_is_the_common_one(key):
    network = untrained(WINDOWS, 5, form="stgnn_reference", recurrent_layers=2, **{key: 0.0})
    found = {
        "graph_dropout": network.graph_dropout.p,
        "state_dropout": network.state_dropout.p,
        "between": network.gru.dropout,
        "output": network.output_dropout.p,
    }
    zeros = {
        "dropout": set(found),
        "graph_dropout": {"graph_dropout"},
        "state_dropout": {"state_dropout", "between"},
    }[key]
    assert found == {name: 0.0 if name in zeros else 0.3 for name in found}


def shares_of_zeros(network, inputs):
    """Share of zeros that each dropout adds in training mode, by its name."""
    found = {}

    def note(name):
        def hook(module, given, result):
            alive = given[0] != 0
            found[name] = float((result[alive] == 0).float().mean())

        return hook

    hooks = [
        getattr(network, name).register_forward_hook(note(name))
        for name in ("graph_dropout", "state_dropout", "output_dropout")
        if hasattr(network, name)
    ]
    network.train()(inputs)
    for hook in hooks:
        hook.remove()
    return found


def test_each_dropout_acts_where_its_key_says(graph):
    keys = {"dropout": 0.2, "graph_dropout": 0.5, "state_dropout": 0.1}
    network = make_network(model_block(form="stgnn_reference", **keys), WINDOWS, graph.adjacency, 1)
    found = shares_of_zeros(network, torch.randn(300, 12, 5))
    assert found == pytest.approx(
        {"graph_dropout": 0.5, "state_dropout": 0.1, "output_dropout": 0.2}, abs=0.02
    )
    found = shares_of_zeros(
        untrained(WINDOWS, 500, form="stgnn", graph_dropout=0.5, state_dropout=0.1), random_pairs(500)
    )
    assert found == pytest.approx({"graph_dropout": 0.5, "state_dropout": 0.1}, abs=0.02)


@pytest.mark.parametrize("form", FAMILIES)
@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_acts_in_training_alone(form, layers):
    """In evaluation forecasts are those of a network without dropout, to the byte."""
    keys = {"form": form, "recurrent_layers": layers}
    none = {"dropout": 0.0} if form == "stgnn_reference" else {}
    nodes = 9
    network = untrained(WINDOWS, nodes, **keys, graph_dropout=0.3, state_dropout=0.3)
    plain = untrained(WINDOWS, nodes, **keys, **none)
    batch = torch.randn(2, 12, nodes) if form == "stgnn_reference" else random_pairs(nodes)
    assert torch.equal(network.eval()(batch), plain.eval()(batch))
    assert not torch.equal(network.train()(batch), network(batch))
    assert torch.equal(plain.train()(batch), plain(batch))


@pytest.mark.parametrize("key", ["graph_dropout", "state_dropout"])
def test_sequences_are_trained_with_dropout_and_stream_without(key, task, graph):
    series = series_of(task, graph)
    sequences = Sequences(series, torch.arange(5), torch.full((5,), 300), 30, 10)
    network = untrained(WINDOWS, 5, form="stgnn", **{key: 0.4})
    plain = untrained(WINDOWS, 5, form="stgnn")
    assert not torch.equal(network.train().forward_sequence(sequences), network.forward_sequence(sequences))
    state = torch.zeros(5, 16)
    for one, other in zip(
        network.eval().advance(sequences, state), plain.eval().advance(sequences, state), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "keys",
    [{"form": "stgnn"}, {"form": "gru"}, RESIDUAL, {"form": "stgnn", "channels": 12}],
    ids=["stgnn", "gru", "residual", "narrow"],
)
@pytest.mark.parametrize("shares", [(0.3, 0.0), (0.0, 0.3), (0.4, 0.2)])
def test_a_kernel_trains_with_dropout_as_torch_does_with_the_same_masks(keys, shares, task, graph):
    if choose("auto", "cpu", 16).kernel is None:
        pytest.skip(f"no kernel: {choose('auto', 'cpu', 16).why}")
    lifted, state = shares
    network = randomised(
        untrained(task.windows, 5, graph_dropout=lifted, state_dropout=state, **keys)
    ).train()
    series = series_of(task, graph)
    pairs = series.pairs(torch.arange(40) % 5, torch.arange(400, 440))
    target, observed = pairs.targets(3), torch.rand(40, 3) > 0.3
    torch.manual_seed(5)
    found = fused_loss(network, pairs, target, observed, "huber")
    torch.manual_seed(5)
    dropout = network.kernel_dropout()
    assert (dropout.lifted, dropout.state, dropout.forecast) == (lifted, state, 0.0)
    weights = RecurrentWeights(*(weight.detach().double() for weight in network.kernel_weights()))
    added = network.additions(pairs)
    doubled = Additions(
        *(None if part is None else part.detach().double() for part in (added.base, added.calendar))
    )
    learned, _ = oracle_forecast(weights, pairs.windows, doubled, dropout)
    solved = network.solved_forecast(pairs)
    expected = oracle_loss(learned, target if solved is None else target - solved, observed, "huber")
    assert found.item() == pytest.approx(float(expected), rel=1e-5)
    without = fused_loss(network.eval(), pairs, target, observed, "huber")
    assert without.item() != pytest.approx(found.item(), rel=1e-3)
    assert network.kernel_dropout() == NO_DROPOUT
    # Forecasts are those of the evaluation mode.
    with torch.no_grad():
        torch.testing.assert_close(compute(network, pairs), network(pairs), rtol=1e-5, atol=2e-6)


def test_the_masks_of_a_kernel_follow_torchs_seed_and_change_from_step_to_step():
    network = untrained(WINDOWS, 5, form="stgnn", graph_dropout=0.3).train()
    torch.manual_seed(1)
    first, second = network.kernel_dropout(), network.kernel_dropout()
    torch.manual_seed(1)
    assert network.kernel_dropout() == first != second


@pytest.mark.parametrize("form", ["stgnn", "gru"])
def test_a_network_without_dropout_draws_nothing(form):
    """So its training is to the byte the one of before the keys."""
    network, pairs = untrained(WINDOWS, 9, form=form, recurrent_layers=2).train(), random_pairs()
    before = torch.get_rng_state()
    network(pairs)
    assert network.kernel_dropout() == NO_DROPOUT
    assert torch.equal(torch.get_rng_state(), before)
