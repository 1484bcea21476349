"""Networks of every family on readings, and of a toy family, for the tests of their contract."""

import torch

from wattshed.forecast.families.family import make_network
from wattshed.forecast.families.registry import MODULES
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation import plugins

CPU = torch.device("cpu")
TOY = "toy_mean"
TOY_MODULE = '''
"""A family of one module: the mean of the look-back, times a learned factor per hour ahead."""
from typing import Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer, SimpleFamily


class Settings(ModelBlock):
    form: Literal["toy_mean"] = Field(default="toy_mean", description="The mean of the look-back.")
    bias: bool = Field(default=True, description="Whether a constant is learned too.")


def make(settings, windows, adjacency, seed):
    import torch
    from wattshed.forecast.network import Network

    class Mean(Network):
        def __init__(self):
            super().__init__()
            self.ahead = torch.nn.Linear(1, windows.horizon_steps, bias=settings.bias)

        def forward(self, pairs):
            return self.ahead(pairs.own.mean(dim=1, keepdim=True))

        def linear_maps(self):
            return {"ahead": self.ahead}

    torch.manual_seed(seed)
    return Mean()


FAMILY = SimpleFamily(Settings, ("pairs",), make, frozenset({Offer.UPDATES, Offer.LINEAR_MAPS}))
'''

# Families of labelled windows have a contract of their own, in stan/test_examples_contract.py.
READINGS = [form for form in MODULES if "examples" not in plugins.load("family", form).samplings]

# Values of keys for width, depth and dropout, of the families that have them.
GROWN = {
    "channels": 5,
    "recurrent_layers": 3,
    "graph_layers": 2,
    "graph_dropout": 0.4,
    "state_dropout": 0.4,
    "width": 6,
    "layers": 1,
    "heads": 3,
    "feed_forward": 9,
    "length_h": 5,
}


def variants(form):
    """The family's default settings, one variant for each switch changed, and for each key of ``GROWN`` and for all of
    them together."""
    settings = plugins.load("family", form).Settings
    plain = settings(recipe="r")
    switches = [name for name, key in settings.model_fields.items() if key.annotation is bool]
    grown = {name: value for name, value in GROWN.items() if name in settings.model_fields}
    changes = [{name: not getattr(plain, name)} for name in switches]
    changes += [{name: value} for name, value in grown.items() if name != "heads"] + (
        [grown] if grown else []
    )
    return [plain, *(plain.model_copy(update=change) for change in changes)]


def networks(form, task, graph, seed=1):
    return [make_network(settings, task.windows, graph.adjacency, seed) for settings in variants(form)]


def series_of(task, graph):
    return ScaledSeries.make(task, graph.adjacency, "node", CPU)


def forecaster_of(network, task, graph):
    return NeuralForecaster(network, series_of(task, graph), task.windows.horizon_steps)


def randomised(network):
    """The network with random weights, so that no part that starts at zero is hidden."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for value in network.state_dict().values():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
    return network


def batch_of(network, series):
    """A small batch of inputs, as the network takes them."""
    if network.takes == "windows":
        return torch.cat([series.window(origin) for origin in (400, 401, 402)])
    return series.pairs(torch.arange(15) % 5, torch.arange(400, 415))


def solved_alone(form):
    """Whether nothing of the family is trained by gradients."""
    return not plugins.load("family", form).samplings


def bytes_of(network):
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}
