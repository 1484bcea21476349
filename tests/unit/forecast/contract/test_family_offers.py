"""Every model family keeps what it offers: removal of units, copies of layers, export, a part of the graph."""

import copy

import numpy as np
import pytest
import torch

from family_cases import (
    batch_of,
    bytes_of,
    forecaster_of,
    networks,
    randomised,
    series_of,
    variants,
)
from wattshed.forecast.export import function_of
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault


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
