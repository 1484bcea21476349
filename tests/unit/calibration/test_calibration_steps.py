"""Steps of a calibration are whole training steps, and their operations are those of the models that run."""

from random import Random

import pytest
import torch

from wattshed.calibration.house_steps import HOUSE_FAMILIES, draw_house_step
from wattshed.calibration.steps import TokenModel, draw_token_step, token_step
from wattshed.calibration.synthetic import World
from wattshed.calibration.torch_counts import torch_flops
from wattshed.law.operations.operation import Kind
from wattshed.law.operations.tokens import TOKEN_FAMILIES, TokenSizes, token_forward

CPU = torch.device("cpu")
SIZES = TokenSizes(batch=2, length=6, width=8, layers=2, heads=2, feed_forward=16, vocabulary=20)
# torch's counter knows products only.
PRODUCTS = {
    *(Kind.QKV, Kind.SCORES, Kind.ATTENTION_OUTPUT, Kind.OUTPUT_PROJECTION, Kind.FEED_FORWARD, Kind.LINEAR),
    *(Kind.LSTM_INPUT_GATES, Kind.LSTM_HIDDEN_GATES, Kind.GRU_INPUT_GATES, Kind.GRU_HIDDEN_GATES),
}


@pytest.fixture(scope="module")
def world():
    return World.make(0, nodes=6, hours=24 * 7 * 5)


@pytest.mark.parametrize("family", TOKEN_FAMILIES)
def test_a_token_model_has_the_products_and_weights_of_its_formula(family):
    model, formula = TokenModel(family, SIZES), token_forward(family, SIZES)
    tokens = torch.randint(SIZES.vocabulary, (SIZES.batch, SIZES.length))
    assert model(tokens).shape == (SIZES.batch, SIZES.length, SIZES.vocabulary)
    counted = sum(one.step_flops for one in formula.operations if one.kind in PRODUCTS)
    assert torch_flops(model, tokens)["total"] == counted
    weights = list(model.parameters())
    assert (sum(map(torch.numel, weights)), len(weights)) == (formula.parameters, formula.tensors)


@pytest.mark.parametrize("family", TOKEN_FAMILIES)
def test_a_token_step_learns(family):
    step = token_step(family, SIZES, CPU)
    losses = [float(step()) for _ in range(200)]
    assert losses[-1] < losses[0]


def test_an_unknown_token_family_is_refused():
    with pytest.raises(ValueError, match="'rnn' is unknown"):
        TokenModel("rnn", SIZES)


def test_a_drawn_token_step_fits_its_operations():
    case = draw_token_step("transformer", Random(1))
    assert case.operations
    assert case.size["width"] % case.size["heads"] == 0
    again = draw_token_step("transformer", Random(1))
    assert case.operations == again.operations


@pytest.mark.parametrize("family", HOUSE_FAMILIES)
def test_a_house_step_runs_through_training(world, family):
    case = draw_house_step(family, Random(3), world, "torch", ())
    assert case is not None
    kinds = {one.kind for one in case.operations}
    assert {Kind.LOSS, Kind.CLIPPING, Kind.OPTIMISER, Kind.BATCH} <= kinds
    step = case.build(CPU)
    assert all(torch.isfinite(step()) for _ in range(3))


def test_a_network_that_a_kernel_takes_is_counted_by_the_kernel(world):
    found = [draw_house_step("gru", Random(number), world, "fused_cpu", (8,)) for number in range(12)]
    by_kernel = [case for case in found if any(one.kind == Kind.FUSED_RECURRENCE for one in case.operations)]
    assert by_kernel
    assert all(case.size["hidden"] == 8 and case.size["recurrent_layers"] == 1 for case in by_kernel)
    # Two layers are torch's.
    assert all(case in by_kernel for case in found if case.size["recurrent_layers"] == 1)
