"""Networks whose lift is not as wide as their state are computed by the kernel: the same results as torch's."""

import copy

import numpy as np
import pytest
import torch

from model_blocks import untrained
from wattshed.config.data.windows import WindowsBlock
from wattshed.engine.choice import choose
from wattshed.forecast.computing import backend_of, compute, compute_consecutive, fused_loss
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.training.step.gradient import observed_loss

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
FORMS = {
    "stgnn": {"form": "stgnn"},
    "gru": {"form": "gru"},
    "calendar and nodes": {"form": "stgnn", "calendar": True, "node_table": True},
    "residual": {"form": "stgnn", "linear_part": True, "calendar": True, "node_table": True},
}
# Of 16 units; 9 and 3 leave rests in every block of the kernel's products.
KEPT = [8, 9, 3, 1]


def pruned(kept: int, **keys):
    """A network with ``kept`` of its 16 units, and all 16 channels of its lift."""
    network = untrained(WINDOWS, 5, **keys)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        # Tables and outputs that start at zero would hide their effect.
        for tensor in [*network.parameters(), *network.buffers()]:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    return network.prunable_units().keep(torch.arange(16)[:kept])


@pytest.fixture(autouse=True)
def needs_kernel():
    if choose("auto", "cpu", 16).kernel is None:
        pytest.skip(f"no kernel: {choose('auto', 'cpu', 16).why}")


@pytest.fixture
def series(gappy_task, graph):
    return ScaledSeries.make(gappy_task, graph.adjacency, "node", CPU)


@pytest.fixture
def pairs(series, gappy_task):
    generator = torch.Generator().manual_seed(0)
    origins = torch.from_numpy(gappy_task.origins(gappy_task.splits.train))
    return series.pairs(
        torch.randint(5, (37,), generator=generator),
        origins[torch.randint(len(origins), (37,), generator=generator)],
    )


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("name", FORMS)
def test_a_pruned_network_stays_on_the_kernel(name, kept, pairs):
    network = pruned(kept, **FORMS[name]).eval()
    chosen = backend_of(network, pairs.series)
    assert (chosen.name, chosen.kernel.hidden, chosen.kernel.lift) == ("fused_cpu", kept, 16)
    with torch.no_grad():
        torch.testing.assert_close(compute(network, pairs), network(pairs), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", FORMS)
def test_consecutive_windows_of_a_pruned_network_are_its_single_ones(name, series):
    network = pruned(9, **FORMS[name])
    together = compute_consecutive(network, series, 400, 40)
    assert together is not None
    origins = torch.arange(400, 440).repeat_interleave(len(series.own))
    with torch.no_grad():
        apart = network(series.pairs(torch.arange(len(series.own)).repeat(40), origins))
    torch.testing.assert_close(together, apart.reshape(together.shape), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", ["huber", "squared"])
@pytest.mark.parametrize("name", FORMS)
def test_a_pruned_network_is_fine_tuned_by_torchs_gradients(name, loss, pairs):
    network = pruned(9, **FORMS[name])
    twin = copy.deepcopy(network)
    target = pairs.targets(3)
    observed = torch.rand(37, 3, generator=torch.Generator().manual_seed(1)) > 0.3
    fused = fused_loss(network, pairs, target, observed, loss)
    fused.backward()
    plain = observed_loss(twin(pairs), target, observed, loss)
    plain.backward()
    torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-7)
    for (key, ours), theirs in zip(network.named_parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(
            ours.grad, theirs.grad, rtol=1e-4, atol=2e-6, msg=lambda m, key=key: f"{key}: {m}"
        )


@pytest.mark.parametrize("name", FORMS)
def test_a_pruned_network_streams_on_the_kernel_as_in_torch(name, series, gappy_task, graph):
    plain_series = ScaledSeries.make(gappy_task, graph.adjacency, "node", CPU, engine="torch")
    network = pruned(9, **FORMS[name])
    origins = np.arange(300, 330)
    fast = StreamingForecaster(network, series, 3).forecast(origins)
    plain = StreamingForecaster(network, plain_series, 3).forecast(origins)
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-4 * float(np.nanmax(np.abs(plain))))


def test_a_forecaster_of_a_pruned_network_forecasts_what_torch_does(series, gappy_task, graph):
    plain_series = ScaledSeries.make(gappy_task, graph.adjacency, "node", CPU, engine="torch")
    network, origins = pruned(9, form="stgnn"), np.arange(400, 420, 3)
    fast = NeuralForecaster(network, series, 3).forecast(origins)
    plain = NeuralForecaster(network, plain_series, 3).forecast(origins)
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-4 * float(np.nanmax(np.abs(plain))))
