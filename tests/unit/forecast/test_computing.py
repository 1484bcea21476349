"""Back ends that compute for networks: same forecasts, same gradients, and torch for unsupported networks."""

import copy

import numpy as np
import pytest
import torch

from model_blocks import untrained
from wattshed.config.data.windows import WindowsBlock
from wattshed.engine.choice import choose
from wattshed.forecast.computing import backend_of, compute, fused_loss
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.networks.linear_part import LinearPart
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.networks.residual import Residual
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.training.step.gradient import observed_loss

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
FORMS = {
    "stgnn": {"form": "stgnn"},
    "aggregate only": {"form": "stgnn", "own_history": False},
    "gru": {"form": "gru"},
    "calendar and nodes": {"form": "stgnn", "calendar": True, "node_table": True, "hidden": 12},
    "residual": {"form": "stgnn", "linear_part": True, "calendar": True, "node_table": True},
}


def network_of(**keys):
    network = untrained(WINDOWS, 5, **keys)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        # Tables and outputs that start at zero would hide their effect.
        for tensor in [*network.parameters(), *network.buffers()]:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    return network


@pytest.fixture
def pairs(gappy_task, graph):
    series = ScaledSeries.make(gappy_task, graph.adjacency, "node", CPU)
    generator = torch.Generator().manual_seed(0)
    origins = torch.from_numpy(gappy_task.origins(gappy_task.splits.train))
    return series.pairs(
        torch.randint(5, (37,), generator=generator),
        origins[torch.randint(len(origins), (37,), generator=generator)],
    )


@pytest.fixture(autouse=True)
def needs_kernel():
    if choose("auto", "cpu", 16).kernel is None:
        pytest.skip(f"no kernel: {choose('auto', 'cpu', 16).why}")


@pytest.mark.parametrize("name", FORMS)
def test_the_kernel_gives_the_same_forecasts_as_torch(name, pairs):
    network = network_of(**FORMS[name]).eval()
    assert backend_of(network, pairs.series).name == "fused_cpu"
    with torch.no_grad():
        torch.testing.assert_close(compute(network, pairs), network(pairs), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", FORMS)
def test_consecutive_windows_give_the_same_forecasts_as_single_ones(name, gappy_task, graph):
    series = ScaledSeries.make(gappy_task, graph.adjacency, "node", CPU)
    forecaster = NeuralForecaster(network_of(**FORMS[name]), series, 3)
    together = forecaster.forecast(np.arange(400, 440))
    apart = forecaster.forecast(np.arange(400, 440, 2))
    np.testing.assert_allclose(together[::2], apart, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", ["huber", "squared"])
@pytest.mark.parametrize("name", FORMS)
def test_the_kernel_gives_the_same_gradients_as_torch(name, loss, pairs):
    network = network_of(**FORMS[name])
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


class OtherGRU(torch.nn.GRU):
    """A layer that no kernel supports."""


def test_torch_computes_networks_that_the_kernel_does_not_support(pairs):
    full = STGNN(3, 16)
    changed = full.with_maps({"gru": OtherGRU(16, 16)})
    assert backend_of(changed, pairs.series).name == "torch"
    assert backend_of(DLinear(12, 3), pairs.series).why == "no kernel for this DLinear"
    large = Residual(LinearPart(12, 3, uses_graph=True), STGNN(3, 80))
    assert "up to 64" in backend_of(large, pairs.series).why


def test_torch_computes_the_loss_under_autocast(pairs):
    network = network_of(form="stgnn")
    target, observed = pairs.targets(3), torch.ones(37, 3, dtype=torch.bool)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert fused_loss(network, pairs, target, observed, "huber") is None
