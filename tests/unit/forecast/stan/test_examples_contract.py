"""Every registered family of labelled windows keeps the contract of families."""

import copy
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from made_classes import LENGTH, REGIONS, classes_task
from made_examples import SMALL
from small_study import graph_of, small_panel, task_of
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.examples import ExampleSeries
from wattshed.forecast.export import function_of
from wattshed.forecast.families.family import Offer, make_network
from wattshed.forecast.families.registry import MODULES
from wattshed.forecast.neural import NeuralForecaster
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

CPU = torch.device("cpu")
FORMS = [form for form in MODULES if "examples" in plugins.load("family", form).samplings]
# Small sizes, and settings that change the network's make.
SIZES: dict[str, dict[str, Any]] = {"gnn_stan": {**SMALL, "regions": REGIONS}}
CHANGES: dict[str, list[dict[str, Any]]] = {
    "gnn_stan": [
        {},
        {"variant": "base"},
        {"norm": "batch"},
        {"norm": "layer"},
        {"blocks": 2, "feed_forward": 9, "recurrent_layers": 3},
        {"graph_channels": (5,), "pooling_shares": ()},
    ]
}
CASES = [(form, number) for form in FORMS for number in range(len(CHANGES[form]))]


@pytest.fixture(scope="module")
def classes():
    return classes_task(samples=120)


@pytest.fixture(scope="module")
def series(classes):
    return ExampleSeries.of_classes(classes, CPU)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def settings(request):
    form, number = request.param
    return plugins.load("family", form).Settings(**{**SIZES[form], **CHANGES[form][number]})


def made(settings, classes, seed=1):
    return make_network(settings, classes.windows, graph_of(classes).adjacency, seed)


def randomised(network):
    """The network with random weights, so that no part that starts at zero is hidden."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(torch.randn(weights.shape, generator=generator) * 0.3)
    return network.eval()


def probabilities(network, series, classes):
    return NeuralForecaster(network, series, 1).forecast(classes.origins(classes.splits.test)[:5])


def test_settings_are_described_and_read_from_lists():
    for form in FORMS:
        keys = plugins.load("family", form).Settings.model_fields
        assert all(key.description for key in keys.values())
        assert [name for name, key in keys.items() if key.is_required()] == ["recipe"]
        samplings = get_args(RecipeBlock.model_fields["sampling"].annotation)
        assert set(plugins.load("family", form).samplings) <= set(samplings)
        with pytest.raises(ValueError, match="unheard_of"):
            read_model({"form": form, "recipe": "r", "unheard_of": 1})
    listed = read_model(
        {"form": "gnn_stan", "recipe": "r", "graph_channels": [8, 8], "pooling_shares": [0.5]}
    )
    assert listed.graph_channels == (8, 8)


def test_forecasts_are_probabilities_of_each_class(settings, series, classes):
    found = probabilities(randomised(made(settings, classes)), series, classes)
    assert found.shape == (len(classes.origins(classes.splits.test)[:5]), 1, 3)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=2), 1.0, rtol=1e-5)


def test_the_seed_determines_the_weights(settings, classes):
    first, again, other = (save(made(settings, classes, seed).state_dict()) for seed in (1, 1, 2))
    assert first == again != other


def test_weights_read_from_a_file_give_the_same_forecasts_to_the_byte(settings, series, classes):
    network, twin = (made(settings, classes, seed) for seed in (1, 2))
    twin.load_state_dict(load(save(randomised(network).state_dict())))
    expected, found = (probabilities(one, series, classes) for one in (network, twin))
    assert expected.tobytes() == found.tobytes()


def test_a_network_supports_what_its_family_offers(settings, classes):
    network = made(settings, classes)
    offers = plugins.load("family", settings.form).offers(settings)
    parts = network.memory_parts()
    assert network.takes == "examples"
    assert (network.prunable_units() is not None) == (Offer.PRUNABLE_UNITS in offers)
    assert bool(network.linear_maps()) == (Offer.LINEAR_MAPS in offers)
    assert bool(parts.attentions) == (Offer.ATTENTION in offers)
    assert bool(parts.aggregations) == (Offer.AGGREGATION in offers)
    assert bool(parts.recomputed) == (Offer.RECOMPUTED_PARTS in offers)
    assert bool(parts.skippable) == (Offer.SKIPPABLE_BLOCKS in offers)
    assert not network.node_weights()
    assert network.droppable_features() is None
    assert network.state_units() == 0


def test_units_are_removed_and_unread_ones_without_a_change(settings, series, classes):
    network = randomised(made(settings, classes))
    if network.prunable_units() is None:
        return
    with torch.no_grad():
        for block in network.blocks:
            for weights in (block.widen.weight, block.widen.bias, block.narrow.weight.T):
                weights[2] = 0
    units = network.prunable_units()
    smaller = units.keep(torch.arange(len(units.importance) - 1))
    assert smaller.parameter_count() < network.parameter_count()
    assert len(smaller.prunable_units().importance) == len(units.importance) - 1
    expected, found = (probabilities(one, series, classes) for one in (network, smaller))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_replacing_layers_by_copies_does_not_change_forecasts(settings, series, classes):
    network = randomised(made(settings, classes))
    expected = probabilities(network, series, classes).tobytes()
    twin = network.with_maps({name: copy.deepcopy(layer) for name, layer in network.linear_maps().items()})
    assert probabilities(twin, series, classes).tobytes() == expected
    randomised(twin).linear_maps().popitem()[1].weight.data.add_(1.0)
    assert probabilities(network, series, classes).tobytes() == expected
    with pytest.raises(KeyError, match="has no linear map 'unheard_of'"):
        network.with_maps({"unheard_of": torch.nn.Identity()})


def test_gradients_reach_all_weights(settings, series, classes):
    network = randomised(made(settings, classes))
    rows = torch.arange(6)
    torch.nn.functional.cross_entropy(network(series.batch(rows))[:, 0], series.labels(rows)[:, 0]).backward()
    for name, weights in network.named_parameters():
        assert torch.isfinite(weights.grad).all(), name
        # A single key has the whole softmax, whatever the query is.
        if settings.variant != "base" or "query" not in name:
            assert weights.grad.any(), name


def test_an_export_and_readings_are_refused(settings, classes):
    with pytest.raises(Fault, match="cannot be exported"):
        function_of(made(settings, classes), settings.form)
    with pytest.raises(Fault, match="the panel holds readings"):
        ExampleSeries.of_classes(task_of(small_panel()), CPU)
    assert classes.windows.look_back_steps == LENGTH
