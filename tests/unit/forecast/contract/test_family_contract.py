"""Every registered family, and a family of a study's own, keeps the contract of families."""

from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from family_cases import (
    TOY,
    TOY_MODULE,
    batch_of,
    bytes_of,
    forecaster_of,
    networks,
    randomised,
    series_of,
    solved_alone,
    variants,
)
from light_plugins import heavy_imports
from small_study import small_panel, task_of
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.forecast.families.family import make_network
from wattshed.forecast.series import Sequences
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.step.gradient import observed_loss


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
        assert found.shape == (7, task.windows.horizon_steps, 5)
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


def test_only_networks_with_a_state_forecast_sequences_and_streams(form, task, graph):
    series = series_of(task, graph)
    for network in networks(form, task, graph):
        randomised(network).eval()
        if network.state_units():
            sequences = Sequences(series, torch.arange(5), torch.full((5,), 300), 30, 10)
            assert network.forward_sequence(sequences).shape == (5, 20, task.windows.horizon_steps)
            stream = StreamingForecaster(network, series, task.windows.horizon_steps)
            assert np.isfinite(stream.forecast(np.array([400, 401]))).all()
        else:
            with pytest.raises(Fault, match="has no state to carry from hour to hour and cannot stream"):
                StreamingForecaster(network, series, task.windows.horizon_steps)
            with pytest.raises(NotImplementedError, match="cannot be trained on sequences"):
                network.forward_sequence(None)


def test_solving_changes_only_networks_with_a_closed_form(form, task, graph):
    for network in networks(form, task, graph):
        before = bytes_of(network)
        network.solve(task, series_of(task, graph))
        assert (bytes_of(network) != before) == network.has_closed_form


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
