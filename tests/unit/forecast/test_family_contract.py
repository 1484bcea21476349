"""Every registered family, and a family of a study's own, keeps the contract of families."""

import copy
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from light_plugins import heavy_imports
from small_study import small_panel, task_of
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.forecast.export import function_of
from wattshed.forecast.families.family import Offer, make_network
from wattshed.forecast.families.registry import MODULES
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.step.gradient import observed_loss

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
            self.ahead = torch.nn.Linear(1, windows.horizon_h, bias=settings.bias)

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


@pytest.fixture(params=[*READINGS, TOY])
def form(request, own_plugin):
    if request.param == TOY:
        own_plugin(TOY, TOY_MODULE)
    return request.param


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
    return NeuralForecaster(network, series_of(task, graph), task.windows.horizon_h)


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


def test_reading_the_settings_of_all_families_loads_no_heavy_library():
    assert heavy_imports("family") == ""


def test_every_setting_has_a_description_and_only_the_recipe_is_required(form):
    settings = plugins.load("family", form).Settings
    for name, key in settings.model_fields.items():
        assert key.description, name
        assert name == "recipe" or not key.is_required(), name
    assert settings(recipe="r").form == form
    assert read_model({"form": form, "recipe": "r"}) == settings(recipe="r")
    with pytest.raises(ValueError, match="unheard_of"):
        read_model({"form": form, "recipe": "r", "unheard_of": 1})


def test_the_samplings_of_a_family_are_known_to_recipes(form):
    samplings = plugins.load("family", form).samplings
    assert bool(samplings) != solved_alone(form)
    assert set(samplings) <= set(get_args(RecipeBlock.model_fields["sampling"].annotation))


def test_only_families_that_declare_it_read_the_graph(form, task, graph):
    """Another graph changes only the forecasts of these families."""
    other = graph.shuffled(7)
    assert (other.adjacency != graph.adjacency).nnz
    settings = variants(form)[0]
    forecasts = [
        forecaster_of(randomised(make_network(settings, task.windows, one.adjacency, 1)), task, one).forecast(
            task.origins(task.splits.test)[:3]
        )
        for one in (graph, other)
    ]
    reads = plugins.load("family", form).reads_graph
    assert isinstance(reads, bool)
    assert reads == (forecasts[0].tobytes() != forecasts[1].tobytes())


def test_the_seed_determines_the_weights(form, task, graph):
    for first, again, other in zip(*(networks(form, task, graph, seed) for seed in (1, 1, 2)), strict=True):
        assert bytes_of(first) == bytes_of(again)
        # A closed form draws nothing.
        assert (bytes_of(first) == bytes_of(other)) == solved_alone(form)


def test_forecasts_have_the_tasks_shape_and_the_panels_unit(form, task, graph):
    origins = task.origins(task.splits.test)[:7]
    panel = task.panel
    thousandfold = task_of(
        Panel(panel.values * 1000, panel.observed, panel.times, panel.nodes, "Wh", "UTC", "test")
    )
    for network in networks(form, task, graph):
        randomised(network)
        found = forecaster_of(network, task, graph).forecast(origins)
        assert found.shape == (7, task.windows.horizon_h, 5)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        larger = forecaster_of(network, thousandfold, graph).forecast(origins)
        np.testing.assert_allclose(larger, 1000 * found, rtol=1e-3, atol=1)


def test_a_forecast_does_not_read_the_target_hours_or_later(form, graph):
    origin = 1300
    changed = small_panel()
    changed.values[origin:] = 1e3
    forecasts = []
    for panel in (small_panel(), changed):
        task = task_of(panel)
        forecasts.append(
            [
                forecaster_of(randomised(network), task, graph).forecast(np.array([origin]))
                for network in networks(form, task, graph)
            ]
        )
    np.testing.assert_array_equal(*forecasts)


def test_gradients_reach_all_trained_weights(form, task, graph):
    series = series_of(task, graph)
    for network in networks(form, task, graph):
        if solved_alone(form):
            assert list(network.parameters()) == []
            continue
        randomised(network).eval()
        network(batch_of(network, series)).square().mean().backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().sum() > 0, name


def test_weights_read_from_a_file_give_the_same_forecasts_to_the_byte(form, task, graph):
    origins = task.origins(task.splits.test)[:3]
    for network, twin in zip(*(networks(form, task, graph, seed) for seed in (1, 2)), strict=True):
        randomised(network)
        twin.load_state_dict(load(save(network.state_dict())))
        expected, found = (forecaster_of(one, task, graph).forecast(origins) for one in (network, twin))
        assert expected.tobytes() == found.tobytes()


def test_a_network_supports_what_its_family_offers(form, task, graph):
    family = plugins.load("family", form)
    for settings, network in zip(variants(form), networks(form, task, graph), strict=True):
        offers = family.offers(settings)
        assert (network.prunable_units() is not None) == (Offer.PRUNABLE_UNITS in offers)
        assert bool(network.linear_maps()) == (Offer.LINEAR_MAPS in offers)
        assert (network.droppable_features() is not None) == (Offer.FEATURES in offers)
        assert bool(network.node_weights()) == (Offer.NODE_TABLE in offers)
        if Offer.UPDATES in offers:
            assert any(parameter.requires_grad for parameter in network.parameters())
        assert network.parameter_count() >= sum(value.numel() for value in network.parameters())
        assert network.parameter_count() > 0
        assert (network.takes == "windows") == ("windows" in family.samplings)
        assert ("sequences" in family.samplings) == (network.state_units() > 0)


def test_removing_units_does_not_change_the_network_and_gives_a_smaller_one(form, task, graph):
    origins = task.origins(task.splits.test)[:3]
    for network in networks(form, task, graph):
        units = randomised(network).prunable_units()
        if units is None:
            continue
        before, count = bytes_of(network), len(units.importance)
        assert torch.isfinite(units.importance).all()
        same = units.keep(torch.arange(count))
        expected = forecaster_of(network, task, graph).forecast(origins)
        np.testing.assert_allclose(
            forecaster_of(same, task, graph).forecast(origins), expected, rtol=1e-5, atol=1e-6
        )
        smaller = units.keep(torch.arange(0, count, 2))
        assert smaller.parameter_count() < network.parameter_count()
        assert len(smaller.prunable_units().importance) == len(range(0, count, 2))
        assert np.isfinite(forecaster_of(smaller, task, graph).forecast(origins)).all()
        assert bytes_of(network) == before


@torch.no_grad()
def with_unread_units(network):
    """Lets three units be read by nothing, in place; the indices of the others."""
    layers, unread = network.linear_maps(), torch.tensor([1, 6, 7])
    count = len(network.prunable_units().importance)
    recurrent = layers.get("gru", layers.get("lstm"))
    if recurrent is not None:
        recurrent.weight_hh_l0[:, unread] = 0
        layers["output"].weight[:, unread] = 0
        return torch.tensor([unit for unit in range(count) if unit not in unread])
    # Units of feed-forward networks, others in each block; they are ranked, so that these come last.
    for number, block in enumerate(network.blocks):
        for values in (block.widen.weight, block.widen.bias, block.narrow.weight.T):
            values[(unread + number) % count] = 0
    return torch.arange(count - len(unread))


def test_removing_unused_units_does_not_change_forecasts(form, task, graph):
    origins = task.origins(task.splits.test)[:3]
    for network in networks(form, task, graph):
        if randomised(network).prunable_units() is None:
            continue
        kept = with_unread_units(network)
        smaller = network.prunable_units().keep(kept)
        assert smaller.parameter_count() < network.parameter_count()
        expected, found = (forecaster_of(one, task, graph).forecast(origins) for one in (network, smaller))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_replacing_layers_by_copies_does_not_change_forecasts(form, task, graph):
    origins = task.origins(task.splits.test)[:3]
    for network in networks(form, task, graph):
        maps = randomised(network).linear_maps()
        if not maps:
            continue
        expected = forecaster_of(network, task, graph).forecast(origins)
        twin = network.with_maps({name: copy.deepcopy(layer) for name, layer in maps.items()})
        assert forecaster_of(twin, task, graph).forecast(origins).tobytes() == expected.tobytes()
        assert bytes_of(twin) == bytes_of(network)
        randomised(twin)
        with torch.no_grad():
            next(iter(twin.linear_maps().values())).state_dict().popitem()[1].add_(1.0)
        assert forecaster_of(network, task, graph).forecast(origins).tobytes() == expected.tobytes()
        with pytest.raises(KeyError, match="has no linear map 'unheard_of'"):
            network.with_maps({"unheard_of": torch.nn.Identity()})


def test_a_copy_shares_no_weights_with_its_original(form, task, graph):
    for network in networks(form, task, graph):
        before = bytes_of(network)
        randomised(copy.deepcopy(network))
        assert bytes_of(network) == before


def test_only_networks_with_a_state_forecast_sequences_and_streams(form, task, graph):
    series = series_of(task, graph)
    for network in networks(form, task, graph):
        randomised(network).eval()
        if network.state_units():
            sequences = Sequences(series, torch.arange(5), torch.full((5,), 300), 30, 10)
            assert network.forward_sequence(sequences).shape == (5, 20, task.windows.horizon_h)
            stream = StreamingForecaster(network, series, task.windows.horizon_h)
            assert np.isfinite(stream.forecast(np.array([400, 401]))).all()
        else:
            with pytest.raises(Fault, match="has no state to carry from hour to hour and cannot stream"):
                StreamingForecaster(network, series, task.windows.horizon_h)
            with pytest.raises(NotImplementedError, match="cannot be trained on sequences"):
                network.forward_sequence(None)


def test_the_tensor_function_equals_the_network_or_the_export_is_refused(form, task, graph):
    series = series_of(task, graph)
    for network in networks(form, task, graph):
        randomised(network).eval()
        if network.tensor_function() is None:
            with pytest.raises(
                Fault, match=f"a network of the family {form} cannot be exported: expected a family"
            ):
                function_of(network, form)
            continue
        batch = batch_of(network, series)
        function = function_of(network)
        inputs = function.inputs(batch)
        assert function.rows == network.takes
        assert len(inputs) == len(function.names)
        with torch.no_grad():
            torch.testing.assert_close(function(*inputs), network(batch))


def test_solving_changes_only_networks_with_a_closed_form(form, task, graph):
    for network in networks(form, task, graph):
        before = bytes_of(network)
        network.solve(task, series_of(task, graph))
        assert (bytes_of(network) != before) == network.has_closed_form


def test_a_part_of_the_graph_can_be_sampled_if_the_network_supports_it(form, task, graph):
    series = series_of(task, graph)
    for network in networks(form, task, graph):
        adjacency = randomised(network).eval().sampled_adjacency()
        if adjacency is None:
            continue
        assert network.takes == "windows"
        history = batch_of(network, series)
        rows = adjacency.to_dense()[[1, 3]].to_sparse_csr()
        with torch.no_grad():
            torch.testing.assert_close(network(history, rows), network(history)[:, :, [1, 3]])


def test_an_unknown_form_is_reported_with_the_nearest_name():
    with pytest.raises(ValueError, match="'stgn' is not a model family: did you mean 'stgnn'"):
        read_model({"form": "stgn", "recipe": "r"})


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("None", "made NoneType: expected an object of wattshed.forecast.network.Network"),
        ("torch.nn.Linear(1, 2)", "made Linear: expected an object of wattshed.forecast.network.Network"),
        ("Network()", "made a network without weights: expected at least one torch.nn.Parameter, or has"),
    ],
)
def test_a_family_that_makes_no_trainable_network_is_reported(own_plugin, task, graph, made, reason):
    own_plugin(TOY, TOY_MODULE.replace("return Mean()", f"return {made}"))
    with pytest.raises(Fault, match=f"the model family '{TOY}' {reason}"):
        make_network(read_model({"form": TOY, "recipe": "r"}), task.windows, graph.adjacency, 1)


@pytest.mark.parametrize("name", ["huber", "squared"])
@pytest.mark.parametrize("shape", [(4, 1), (4,), (1, 3), (3, 4)])
def test_a_forecast_of_another_shape_is_refused_and_not_repeated(name, shape):
    target = torch.zeros(4, 3)
    with pytest.raises(Fault, match=r"forecast has the shape \[.*expected \[4, 3\]"):
        observed_loss(torch.zeros(shape), target, torch.ones(4, 3, dtype=torch.bool), name)
