"""What every compression method keeps to, over the table: a new line is tested before its author writes a test."""

import copy
import json
from typing import get_args

import pytest
import torch

from light_plugins import heavy_imports
from wattshed.compression.methods.making import Making
from wattshed.compression.methods.protocol import NotAvailable
from wattshed.config.models.compression import TuningBlock, VariantBlock, variant_of
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.families.family import Offer, make_network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors
from wattshed.training.spec import ModelSpec, Step

CPU = torch.device("cpu")
# The methods of the table, without those of a study.
LIBRARY = tuple(plugins.names("method"))
# Settings that make a small network smaller. A method that is not listed must work with its defaults.
SETTINGS = {
    "drop_features": {"keep_share": 0.5},
    "prune": {"keep_share": 0.5},
    "low_rank": {"rank": 2},
    "low_rank_scratch": {"rank": 2},
    "distil": {
        "student": {"form": "gru", "hidden": 2},
        "recipe": {
            "sampling": "pairs",
            "batch": 16,
            "epochs": 2,
            "steps_per_epoch": 4,
            "learning_rate": 1e-3,
            "schedule": "cosine",
            "scaling": "node",
        },
    },
    "prune_gradually": {"keep_share": 0.5, "rounds": 2, "fine_tune_steps": 4},
    "fine_tune": {"fine_tune_steps": 4},
    "mask": {"keep_share": 0.5},
    "lottery_ticket": {"rounds": 2, "scope": "layer"},
    "sparse_training": {"density": 0.5, "update_every": 2},
}
# They store the same number of weights in fewer bytes.
NUMBER_FORMATS = ("int8", "static_int8", "half_weights")
MODELS = {
    "stgnn": {"form": "stgnn", "hidden": 8},
    "stgnn_calendar": {"form": "stgnn", "hidden": 8, "calendar": True, "node_table": True},
    "gru": {"form": "gru", "hidden": 8},
    "residual_stgnn": {"form": "stgnn", "hidden": 8, "linear_part": True},
    "residual_gru": {"form": "gru", "hidden": 8, "linear_part": True},
    "stgnn_reference": {"form": "stgnn_reference", "hidden": 8},
    "stgnn_channels": {
        "form": "stgnn",
        "hidden": 8,
        "channels": 12,
        "graph_dropout": 0.2,
        "state_dropout": 0.2,
    },
    "deep_gru": {"form": "gru", "hidden": 8, "recurrent_layers": 2, "state_dropout": 0.2},
    "deep_reference": {"form": "stgnn_reference", "hidden": 8, "graph_layers": 2, "recurrent_layers": 2},
    "reference_channels": {"form": "stgnn_reference", "hidden": 8, "channels": 6, "graph_layers": 2},
    "lstm": {"form": "lstm", "hidden": 8, "calendar": True, "node_table": True},
    "deep_lstm": {"form": "lstm", "hidden": 8, "recurrent_layers": 2, "linear_part": True},
    "transformer": {"form": "transformer", "width": 8, "length_h": 9, "calendar": True, "node_table": True},
    "dlinear": {"form": "dlinear"},
    "pooled_ridge": {"form": "pooled_ridge"},
}
TOY_METHOD = '''
"""Smaller by rounding: float16 would not load as it is, so weights are rounded to a grid."""

import copy
from typing import Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault


class Settings(VariantBlock):
    method: Literal["toy_rounding"] = Field(description="Weights rounded to multiples of a step.")
    step: float = Field(default=0.25, gt=0, description="Distance of neighbouring weights.")


class Rounding(Method):
    Settings = Settings
    asks = frozenset({Offer.LINEAR_MAPS})
    keeps = frozenset(Offer)

    def make(self, network, settings):
        replacements = {}
        if not network.linear_maps():
            raise Fault("nothing to round: expected a network with linear maps; choose another method.")
        for name, layer in network.linear_maps().items():
            rounded = copy.deepcopy(layer)
            for parameter in rounded.parameters():
                parameter.data = (parameter.data / settings.step).round() * settings.step
            replacements[name] = rounded
        return network.with_maps(replacements)


METHOD = Rounding()
'''


@pytest.fixture(params=[*LIBRARY, "toy_rounding"])
def method_name(request, own_plugin):
    """Every method of the table, and one that a study brings along."""
    if request.param == "toy_rounding":
        own_plugin("toy_rounding", TOY_METHOD)
    return request.param


# Closed forms, which are solved once; every test gets a copy.
SOLVED = {}


def network_of(name, task, graph, seed=1):
    """An untrained network whose weights are all different from zero."""
    block = MODELS[name]
    settings = plugins.load("family", block["form"]).Settings(recipe="r", **block)
    network = make_network(settings, task.windows, graph.adjacency, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    if not list(network.parameters()):
        if (name, seed) not in SOLVED:
            network.solve(task, ScaledSeries.make(task, graph.adjacency, "node", CPU, "torch"))
            SOLVED[name, seed] = network
        network = copy.deepcopy(SOLVED[name, seed])
    return network.eval(), plugins.load("family", block["form"]).offers(settings)


def settings_of(name):
    return variant_of(json.dumps({"method": name, **SETTINGS.get(name, {})}))


def making_of(model, network, task, graph, name):
    """What a method gets in a job, with a short recipe for methods that train."""
    block = MODELS[model]
    settings = plugins.load("family", block["form"]).Settings(recipe="r", **block)
    step = Step(name, "method", name, {})
    spec = ModelSpec(model, 1, settings, recipe_of(network), task.windows, (step,))
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU, "torch")
    forecaster = NeuralForecaster(network, series, task.windows.horizon_steps)
    return Making(forecaster, task, graph, spec, TuningBlock(batch=32))


def recipe_of(network):
    return RecipeBlock(
        sampling=network.takes,
        batch=16 if network.takes == "pairs" else 2,
        epochs=2,
        steps_per_epoch=4,
        learning_rate=1e-3,
        schedule="cosine",
        scaling="node",
        validation_windows=20,
    )


def made(name, network, model, task, graph):
    try:
        making = making_of(model, network, task, graph, name)
        return plugins.load("method", name).make_from(making, settings_of(name)).eval()
    except NotAvailable as reason:
        pytest.skip(f"{name} is not available here: {reason}")


def forecast(network, task, graph):
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU, "torch")
    with torch.no_grad():
        if network.takes == "windows":
            return network(series.window(300))
        nodes = torch.arange(len(series.own))
        return network(series.pairs(nodes, torch.full_like(nodes, 300)))


def test_the_plug_in_says_what_it_needs_and_keeps(method_name):
    method = plugins.load("method", method_name)
    assert issubclass(method.Settings, VariantBlock)
    assert method.asks <= frozenset(Offer)
    assert method.keeps <= frozenset(Offer)
    assert get_args(method.Settings.model_fields["method"].annotation) == (method_name,)
    for name, field in method.Settings.model_fields.items():
        assert field.description, f"the key {name} of {method_name} has no description"


def test_settings_survive_json(method_name):
    settings = settings_of(method_name)
    assert variant_of(settings.model_dump_json()) == settings


def test_the_configuration_is_read_without_torch():
    assert heavy_imports("method") == ""


@pytest.mark.parametrize("model", MODELS)
def test_it_works_on_every_model_that_offers_what_it_asks(method_name, model, task, graph, tmp_path):
    """The original is unchanged, the result forecasts finite values, and it is stored and loaded without loss.

    It keeps what the method says, and a method of the library makes it smaller or says that it does not.
    """
    network, offers = network_of(model, task, graph)
    method = plugins.load("method", method_name)
    if not method.asks <= offers:
        with pytest.raises(Fault):
            method.make_from(making_of(model, network, task, graph, method_name), settings_of(method_name))
        return
    before = copy.deepcopy(network.state_dict())
    result = made(method_name, network, model, task, graph)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())

    expected = forecast(result, task, graph)
    assert expected.isfinite().all()
    # [M, H] of pairs, or [1, H, N] of a window: a student need not take what its teacher takes.
    assert expected.numel() == forecast(network, task, graph).numel()
    if result.takes == network.takes:
        assert expected.shape == forecast(network, task, graph).shape

    write_tensors(tmp_path / "w", {key: value.numpy() for key, value in result.state_dict().items()}, {})
    untrained, _ = network_of(model, task, graph, seed=2)
    place = (task.windows, graph.adjacency, 2)
    loaded = method.skeleton_on(untrained, settings_of(method_name), *place).eval()
    arrays, _ = read_tensors(tmp_path / "w")
    loaded.load_state_dict({key: torch.from_numpy(array) for key, array in arrays.items()})
    assert torch.equal(forecast(loaded, task, graph), expected)

    assert_kept(offers & method.keeps, result)
    if method_name in LIBRARY:
        size, left = (sum(value.nbytes for value in one.state_dict().values()) for one in (network, result))
        assert left < size if method.shrinks else left == size


def assert_kept(kept, result):
    """A result offers what its method keeps of the network's offers."""
    if Offer.PRUNABLE_UNITS in kept:
        assert result.prunable_units() is not None
    if Offer.LINEAR_MAPS in kept:
        assert result.linear_maps()
    if Offer.UPDATES in kept:
        assert all(parameter.requires_grad for parameter in result.parameters())


@pytest.mark.parametrize("name", [*LIBRARY, "a student without a teacher"])
def test_the_result_depends_on_the_checkpoints_weights_if_the_method_says_so(name, task, graph):
    method_name = name if name in plugins.names("method") else "distil"
    method, given = plugins.load("method", method_name), SETTINGS.get(method_name, {})
    weights = {} if name == method_name else {"output_weight": 0.0, "hidden_weight": 0.0}
    settings = variant_of(json.dumps({"method": method_name, **given, **weights}))
    model = next(model for model in MODELS if method.asks <= network_of(model, task, graph)[1])
    results = []
    for seed in (1, 2):
        network, _ = network_of(model, task, graph, seed)
        if not list(network.parameters()):
            # Solved from the same data: as if one had learned from more.
            for value in network.state_dict().values():
                value.mul_(seed)
        try:
            results.append(
                method.make_from(making_of(model, network, task, graph, method_name), settings).eval()
            )
        except NotAvailable as reason:
            pytest.skip(f"{name} is not available here: {reason}")
    same = torch.equal(*(forecast(result, task, graph) for result in results))
    assert same is not method.uses_checkpoint(settings)


@pytest.mark.parametrize("model", ["stgnn", "residual_stgnn", "stgnn_reference", "lstm", "transformer"])
@pytest.mark.parametrize(
    "chain",
    [
        ("prune", "prune"),
        ("prune", "low_rank"),
        ("prune", "int8"),
        ("prune", "static_int8"),
        ("prune", "half_weights"),
        ("prune", "distil"),
        ("low_rank", "int8"),
        ("low_rank", "static_int8"),
        ("low_rank_scratch", "half_weights"),
        ("distil", "prune"),
        ("distil", "int8"),
    ],
)
def test_methods_follow_one_another(model, chain, task, graph):
    network, _ = network_of(model, task, graph)
    untrained, _ = network_of(model, task, graph, seed=2)
    shape, sizes = untrained, [network.parameter_count()]
    for name in chain:
        network = made(name, network, model, task, graph)
        place = (task.windows, graph.adjacency, 2)
        shape = plugins.load("method", name).skeleton_on(shape, settings_of(name), *place)
        sizes.append(network.parameter_count())
    assert sizes[0] > sizes[1]
    assert sizes[2] < sizes[1] or chain[1] in NUMBER_FORMATS
    shape.load_state_dict(network.state_dict())
    assert torch.equal(forecast(shape.eval(), task, graph), forecast(network, task, graph))
