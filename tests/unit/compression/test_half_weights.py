"""Weights in 16 bits: half of the bytes, the same kernel, and the same forecast after loading."""

import copy

import pytest
import torch

from made_makings import CPU, making_of, random_network, short_recipe
from model_blocks import model_block
from wattshed.compression.comparing import structure
from wattshed.compression.methods.half_weights import METHOD, HalfWeightsSettings
from wattshed.compression.rows import weight_bytes
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.spec import ModelSpec, Step

FORMATS = {"bf16": torch.bfloat16, "fp16": torch.float16}


def settings(form):
    return HalfWeightsSettings(method="half_weights", format=form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("keys", [{"form": "stgnn"}, {"form": "dlinear"}, {"form": "stgnn_reference"}])
def test_bytes_halve_and_every_weight_is_the_nearest_one(form, keys, task, graph):
    network = random_network(task, graph, **keys)
    made = METHOD.make(network, settings(form))
    assert 2 * weight_bytes(made) == weight_bytes(network)
    assert made.parameter_count() == network.parameter_count()
    for name, weight in network.named_parameters():
        expected = weight.detach().to(FORMATS[form]).float()
        assert torch.equal(dict(made.named_parameters())[name], expected)
        assert made.state_dict()[name].element_size() == 2
    assert structure(made) != structure(network)


@pytest.mark.parametrize("form", FORMATS)
def test_a_checkpoint_gives_the_same_forecast_to_the_bit(form, task, graph, tmp_path):
    making = making_of(task, graph, form="stgnn", linear_part=True)
    making.forecaster.solve(task)
    made = METHOD.make(making.network, settings(form))
    step = Step("half", "method", "half_weights", settings(form).model_dump(mode="json"))
    spec = ModelSpec(
        "model", 1, model_block(linear_part=True, hidden=8), short_recipe(), task.windows, (step,)
    )
    write_checkpoint(tmp_path / "half.safetensors", made, spec)
    loaded, _ = read_checkpoint(tmp_path / "half.safetensors", task, graph, CPU)
    origins = task.origins(task.splits.test)[:5]
    found, expected = loaded.forecast(origins), making.of(made).forecast(origins)
    assert found.tobytes() == expected.tobytes()
    full = making.forecaster.forecast(origins)
    assert 0 < abs(found - full).max() < 0.05 * abs(full).max()
    # What is stored, is read and is stored again stays the same.
    assert all(
        torch.equal(value, made.state_dict()[name]) for name, value in loaded.network.state_dict().items()
    )
    solved = dict(making.network.named_buffers())
    assert torch.equal(loaded.network.linear.weight, solved["linear.weight"])


@pytest.mark.parametrize("form", FORMATS)
def test_a_kernel_takes_it_as_before(form, task, graph):
    made = METHOD.make(random_network(task, graph), settings(form))
    weights = made.kernel_weights()
    assert weights is not None
    assert {weight.dtype for weight in weights} == {torch.float32}


def test_a_copy_is_stored_in_16_bits_too_and_the_original_is_not(task, graph):
    network = random_network(task, graph, form="stgnn_reference")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    made = METHOD.make(network, settings("bf16"))
    twin = copy.deepcopy(made)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.zero_()
    twin.load_state_dict(made.state_dict())
    for name, weight in made.named_parameters():
        assert torch.equal(dict(twin.named_parameters())[name], weight), name
        assert twin.state_dict()[name].dtype == torch.int16
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_weight_that_fp16_cannot_hold_is_refused(task, graph):
    network = random_network(task, graph)
    with torch.no_grad():
        network.output.weight[0, 0] = -70_000.0
    with pytest.raises(Fault, match=r"output.weight of STGNN reaches 70000, which fp16 .* at most 65504"):
        METHOD.make(network, settings("fp16"))
    assert METHOD.make(network, settings("bf16")).output.weight.isfinite().all()


def test_a_network_without_floating_point_weights_is_refused(task, graph):
    network = random_network(task, graph, form="dlinear")
    for layer in (network.trend, network.rest):
        layer.weight, layer.bias = None, None
    with pytest.raises(Fault, match="DLinear has no floating-point weights"):
        METHOD.make(network, settings("bf16"))


@pytest.mark.parametrize("keys", [{"format": "int4"}, {"fine_tune_steps": 1}])
def test_wrong_settings_are_refused(keys):
    with pytest.raises(ValueError, match=next(iter(keys))):
        HalfWeightsSettings(method="half_weights", **keys)
