import numpy as np
import pytest
import torch
from torch import nn

from made_pairs import pairs_of
from model_blocks import model_block
from small_study import small_panel, task_of
from wattshed.config.data.windows import WindowsBlock
from wattshed.forecast.families.family import make_network
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.networks.reference import ReferenceSTGNN, lifted_aggregate, sparse_tensor
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def reference(graph):
    torch.manual_seed(0)
    return ReferenceSTGNN(3, 16, 0.3, graph.adjacency)


def test_the_reference_has_the_studys_number_of_parameters(graph):
    """1,766 with 16 units, 5,030 with a GRU of 32."""
    assert ReferenceSTGNN(6, 16, 0.3, graph.adjacency).parameter_count() == 1766
    assert STGNN(6, 16).parameter_count() == 1766 + 16


def test_the_reference_computes_the_studys_formula(reference, graph):
    """h_t = ReLU(A_hat (x_t W1 + b1)); GRU; W2 h_T + b2, in float64 with a dense A_hat."""
    history = torch.randn(2, 12, 5)
    dense = torch.from_numpy(graph.adjacency.toarray()).double()
    weights = {name: value.double() for name, value in reference.state_dict().items()}
    lifted = torch.einsum(
        "nm,bwmc->bwnc",
        dense,
        history.double()[..., None] * weights["input.weight"][:, 0] + weights["input.bias"],
    )
    steps = torch.relu(lifted)
    state = torch.zeros(2, 5, 16, dtype=torch.float64)
    for hour in range(12):
        inputs = steps[:, hour] @ weights["gru.weight_ih_l0"].T + weights["gru.bias_ih_l0"]
        hidden = state @ weights["gru.weight_hh_l0"].T + weights["gru.bias_hh_l0"]
        (ir, iz, in_), (hr, hz, hn) = inputs.chunk(3, -1), hidden.chunk(3, -1)
        update, reset = torch.sigmoid(iz + hz), torch.sigmoid(ir + hr)
        state = (1 - update) * torch.tanh(in_ + reset * hn) + update * state
    expected = (state @ weights["output.weight"].T + weights["output.bias"]).permute(0, 2, 1)
    reference.eval()
    found = reference(history)
    assert found.shape == (2, 3, 5)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_computing_the_aggregate_first_gives_the_same_forecasts(reference, graph):
    """A (X W + b) = (A X) W + (A 1) b: the recurrent network without its own channel equals the reference."""
    hoisted = STGNN(3, 16)
    with torch.no_grad():
        hoisted.own.weight.zero_()
        hoisted.neighbours.weight.copy_(reference.input.weight)
        hoisted.neighbours.bias.copy_(reference.input.bias)
    hoisted.gru.load_state_dict(reference.gru.state_dict())
    hoisted.output.load_state_dict(reference.output.state_dict())
    history = torch.randn(1, 12, 5)
    dense = torch.from_numpy(graph.adjacency.toarray())
    own = history[0].T
    reference.eval()
    found = hoisted(pairs_of(own, dense @ own, dense.sum(dim=1))).T[None]
    torch.testing.assert_close(found, reference(history), rtol=1e-5, atol=1e-6)
    wrong = hoisted(pairs_of(own, dense @ own, torch.ones(5))).T[None]
    assert not torch.allclose(wrong, found, atol=1e-4), "the row sums must matter"


def test_the_recurrent_network_without_own_history_equals_the_reference(reference, graph):
    """The same function, and the same number of parameters."""
    block = model_block(form="stgnn", own_history=False)
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    network = make_network(block, windows, graph.adjacency, seed=0)
    assert network.parameter_count() == reference.parameter_count()
    renamed = {name.replace("input.", "neighbours."): value for name, value in reference.state_dict().items()}
    network.load_state_dict(renamed)
    history = torch.randn(1, 12, 5)
    dense = torch.from_numpy(graph.adjacency.toarray())
    own = history[0].T
    found = network(pairs_of(torch.full_like(own, torch.nan), dense @ own, dense.sum(dim=1))).T[None]
    torch.testing.assert_close(found, reference.eval()(history), rtol=1e-5, atol=1e-6)


def test_the_output_dropout_can_be_switched_off(graph):
    """With output dropout a share of the outputs is zero in training; the other two dropouts always stay."""
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    zeros = {}
    for output_dropout in (True, False):
        block = model_block(form="stgnn_reference", output_dropout=output_dropout)
        network = make_network(block, windows, graph.adjacency, seed=0).train()
        torch.manual_seed(0)
        history = torch.randn(200, 12, 5)
        forecast = network(history)
        assert not torch.equal(forecast, network(history))
        zeros[output_dropout] = float((forecast == 0).float().mean())
    assert zeros[True] == pytest.approx(0.3, abs=0.03)
    assert zeros[False] == 0


def test_giving_a_network_its_own_graph_does_not_change_its_forecasts(reference):
    history = torch.randn(2, 12, 5)
    reference.eval()
    assert torch.equal(reference(history), reference(history, reference.adjacency))


def test_aggregating_the_inputs_beforehand_changes_nothing_but_the_order_of_sums(graph):
    """A (x W + b) = (A x) W + (A 1) b: the same forecasts and gradients, on the whole graph and on rows of it."""
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    made = [
        make_network(
            model_block(form="stgnn_reference", dropout=0.0, aggregate=name), windows, graph.adjacency, seed=0
        )
        for name in ("each_step", "precomputed")
    ]
    for network in made:
        # A bias of 0 would hide the row sums.
        nn.init.constant_(network.input.bias, 0.5)
    rows = sparse_tensor(graph.adjacency[[3, 1]])
    history = torch.randn(4, 12, 5)
    for adjacency in (None, rows):
        each, beforehand = (network(history, adjacency) for network in made)
        torch.testing.assert_close(beforehand, each, rtol=1e-5, atol=1e-6)
        for network, forecast in zip(made, (each, beforehand), strict=True):
            network.zero_grad()
            forecast.square().sum().backward()
        for (name, one), other in zip(made[0].named_parameters(), made[1].parameters(), strict=True):
            torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-5, msg=name)
    assert made[0].state_dict().keys() == made[1].state_dict().keys()


def test_only_one_channel_is_multiplied_by_the_graph_beforehand(graph, monkeypatch):
    widths = []
    product = torch.sparse.mm
    monkeypatch.setattr(
        torch.sparse, "mm", lambda left, right: widths.append(right.shape[1]) or product(left, right)
    )
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    for name in ("each_step", "precomputed"):
        block = model_block(form="stgnn_reference", hidden=16, aggregate=name)
        make_network(block, windows, graph.adjacency, seed=0)(torch.randn(2, 12, 5))
    assert widths == [2 * 12 * 16, 2 * 12 + 1]


def test_aggregating_beforehand_stays_in_fp32_under_autocast(graph):
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    block = model_block(form="stgnn_reference", dropout=0.0, aggregate="precomputed")
    network = make_network(block, windows, graph.adjacency, seed=0)
    history = torch.randn(2, 12, 5)
    with torch.autocast("cpu", torch.bfloat16):
        aggregate = lifted_aggregate(network.input, history, network.adjacency)
        rounded = network(history)
    assert aggregate.dtype == torch.float32
    assert torch.equal(aggregate, lifted_aggregate(network.input, history, network.adjacency))
    torch.testing.assert_close(rounded.float(), network(history), rtol=0.1, atol=0.02)


def test_only_the_reference_uses_dropout_by_default(graph):
    """Dropout on the output limits R2. The recurrent network gives the same output twice in training mode."""
    own, row_sum = torch.randn(7, 12), torch.ones(7)
    recurrent = STGNN(3, 16).train()
    pairs = pairs_of(own, own, row_sum)
    torch.testing.assert_close(recurrent(pairs), recurrent(pairs), rtol=0, atol=0)
    study = ReferenceSTGNN(3, 16, 0.3, graph.adjacency).train()
    history = torch.randn(1, 12, 5)
    assert not torch.equal(study(history), study(history))


@pytest.mark.parametrize("look_back_steps", [2, 3, 12, 24])
def test_dlinear_is_linear_for_any_look_back(look_back_steps):
    torch.manual_seed(0)
    network = DLinear(look_back_steps, 6)
    first, second = torch.randn(2, 4, look_back_steps)
    zero = torch.zeros(4, look_back_steps)
    row_sum = torch.ones(4)

    def forecast(own):
        return network(pairs_of(own, zero, row_sum))

    both = forecast(first + second) + forecast(zero)
    torch.testing.assert_close(both, forecast(first) + forecast(second), rtol=1e-4, atol=1e-5)
    assert both.shape == (4, 6)


@pytest.mark.parametrize("form", ["stgnn_reference", "stgnn", "gru", "dlinear"])
def test_every_form_gives_the_same_forecasts_in_a_batch_and_one_by_one(form, task, graph):
    network = make_network(model_block(form=form), task.windows, graph.adjacency, seed=1)
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU)
    origins = task.origins(task.splits.test)[:40]
    forecast = NeuralForecaster(network, series, 3).forecast(origins)
    assert forecast.shape == (40, 3, 5)
    one_by_one = np.concatenate(
        [NeuralForecaster(network, series, 3).forecast(origins[i : i + 1]) for i in range(40)]
    )
    np.testing.assert_allclose(forecast, one_by_one, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["stgnn_reference", "stgnn", "gru", "dlinear"])
def test_no_network_reads_its_target_hours(form, graph):
    task = task_of(small_panel())
    origin = int(task.origins(task.splits.test)[5])
    changed = small_panel()
    changed.values[origin:] = 1e3
    forecasts = []
    for panel in (task.panel, changed):
        own_task = task_of(panel)
        series = ScaledSeries.make(own_task, graph.adjacency, "node", CPU)
        network = make_network(model_block(form=form), own_task.windows, graph.adjacency, 1)
        forecasts.append(NeuralForecaster(network, series, 3).forecast(np.array([origin])))
    np.testing.assert_array_equal(*forecasts)


def test_the_aggregate_is_the_adjacency_times_the_series(task, graph):
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU)
    expected = graph.adjacency.toarray() @ series.own.numpy()
    np.testing.assert_allclose(series.aggregate.numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(series.row_sum.numpy(), graph.adjacency.toarray().sum(axis=1), rtol=1e-5)


def test_a_gru_without_graph_ignores_its_neighbours():
    torch.manual_seed(0)
    network = STGNN(3, 8, uses_graph=False)
    own = torch.randn(6, 12)
    first = network(pairs_of(own, torch.randn(6, 12), torch.ones(6)))
    second = network(pairs_of(own, torch.zeros(6, 12), torch.zeros(6)))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_scaling_by_panel_uses_one_mean_for_all_nodes(task, graph):
    series = ScaledSeries.make(task, graph.adjacency, "panel", CPU)
    assert len(set(series.scaler.mean.tolist())) == 1


def test_the_references_aggregate_equals_torch_geometrics_to_the_byte(graph):
    from torch_geometric.nn import SimpleConv

    torch.manual_seed(0)
    adjacency = sparse_tensor(graph.adjacency)
    lifted = torch.randn(5, 200, requires_grad=True)
    twin = lifted.detach().clone().requires_grad_()
    expected = SimpleConv(aggr="sum")((twin, None), adjacency)
    found = torch.sparse.mm(adjacency, lifted)
    assert torch.equal(found, expected)
    found.square().sum().backward()
    expected.square().sum().backward()
    assert torch.equal(lifted.grad, twin.grad)
