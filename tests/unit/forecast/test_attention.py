"""The networks of the families ``lstm`` and ``transformer``, against formulas in float64."""

import math
from types import SimpleNamespace

import pytest
import torch
from pydantic import ValidationError

from layered_networks import WINDOWS, randomised
from made_pairs import pairs_of, random_pairs
from model_blocks import model_block, untrained
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import check_windows
from wattshed.config.models.recipes import RecipeBlock
from wattshed.training.job import engine_of
from wattshed.training.spec import ModelSpec

SMALL = {"form": "transformer", "width": 6, "layers": 2, "heads": 3, "feed_forward": 5, "length_h": 7}


def normed(values, weights, name):
    """Mean 0 and variance 1 of each row, then scaled and shifted."""
    centred = values - values.mean(-1, keepdim=True)
    scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def linear(values, weights, name):
    return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def transformer_by_hand(weights, own, layers, heads):
    """Forecast of one pair [H], hour by hour and head by head; own: the hours that are read [L]."""
    values = own[:, None] * weights["own.weight"][:, 0] + weights["own.bias"] + weights["positions"]
    hours, width = values.shape
    share = width // heads
    for block in range(layers):
        part = {name.removeprefix(f"blocks.{block}."): value for name, value in weights.items()}
        query, key, value = linear(normed(values, part, "attention_norm"), part, "attention.qkv").chunk(3, -1)
        mixed = torch.zeros(hours, width, dtype=torch.float64)
        for head in range(heads):
            columns = slice(head * share, (head + 1) * share)
            for hour in range(hours):
                scores = [float(query[hour, columns] @ key[other, columns]) for other in range(hours)]
                powers = torch.tensor([math.exp(score / math.sqrt(share)) for score in scores])
                mixed[hour, columns] = (powers.double() / powers.sum()) @ value[:, columns]
        values = values + linear(mixed, part, "attention.out")
        inner = linear(normed(values, part, "feed_forward_norm"), part, "widen")
        inner = inner * (1 + torch.erf(inner / math.sqrt(2))) / 2
        values = values + linear(inner, part, "narrow")
    return linear(normed(values, weights, "norm")[-1], weights, "output")


def doubles(network):
    return {name: value.double() for name, value in network.state_dict().items()}


def test_a_transformer_computes_the_formula():
    network, pairs = randomised(untrained(WINDOWS, 9, **SMALL)).eval(), random_pairs(3)
    expected = [transformer_by_hand(doubles(network), own.double()[-7:], 2, 3) for own in pairs.own]
    torch.testing.assert_close(network(pairs).double(), torch.stack(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_an_lstm_computes_the_formula(layers):
    network = randomised(untrained(WINDOWS, 9, form="lstm", hidden=4, channels=5, recurrent_layers=layers))
    pairs, weights = random_pairs(), doubles(network.eval())
    steps = torch.relu(linear(pairs.own.double()[..., None], weights, "own"))
    for layer in range(layers):
        state = cell = torch.zeros(len(pairs), 4, dtype=torch.float64)
        states = []
        for hour in steps.unbind(1):
            gates = sum(
                values @ weights[f"lstm.weight_{of}_l{layer}"].T + weights[f"lstm.bias_{of}_l{layer}"]
                for of, values in (("ih", hour), ("hh", state))
            )
            enter, forget, new, leave = gates.chunk(4, -1)
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            state = leave.sigmoid() * cell.tanh()
            states.append(state)
        steps = torch.stack(states, dim=1)
    torch.testing.assert_close(
        network(pairs).double(), linear(state, weights, "output"), rtol=1e-5, atol=1e-6
    )


def test_only_the_last_hours_are_read_and_their_order_counts():
    network, pairs = randomised(untrained(WINDOWS, 9, **SMALL)).eval(), random_pairs()

    def forecast(own):
        return network(pairs_of(own.clone(), pairs.aggregate, pairs.row_sum))

    earlier, swapped = pairs.own.clone(), pairs.own.clone()
    earlier[:, :5] = 9.0
    swapped[:, [6, 8]] = swapped[:, [8, 6]]
    expected = forecast(pairs.own)
    assert torch.equal(forecast(earlier), expected)
    assert (forecast(swapped) - expected).abs().min() > 0
    earlier[:, 5] = 9.0
    assert (forecast(earlier) - expected).abs().min() > 0


def test_dropout_acts_in_training_only():
    network, pairs = randomised(untrained(WINDOWS, 9, **SMALL, dropout=0.5)), random_pairs()
    assert not torch.equal(network.train()(pairs), network(pairs))
    assert torch.equal(network.eval()(pairs), network(pairs))


def test_torch_computes_both_and_a_sentence_says_why():
    for keys, why in ((SMALL, "no kernel for a transformer"), ({"form": "lstm"}, "no kernel for an LSTM")):
        network = untrained(WINDOWS, 9, **keys)
        assert network.kernel_weights() is None
        assert network.why_no_kernel() == why


def test_no_kernel_is_compiled_for_their_sizes(monkeypatch):
    def choose(*_, **__):
        raise AssertionError("a kernel was looked for")

    monkeypatch.setattr("wattshed.training.job.choose", choose)
    recipe = RecipeBlock(
        sampling="pairs", batch=16, epochs=1, learning_rate=1e-3, schedule="cosine", scaling="node"
    )
    inputs = SimpleNamespace(engine="auto", device=torch.device("cpu"))
    for keys in (SMALL, {"form": "lstm"}):
        assert engine_of(inputs, ModelSpec("model", 1, model_block(**keys), recipe, WINDOWS)) == "torch"
    with pytest.raises(AssertionError, match="a kernel was looked for"):
        engine_of(inputs, ModelSpec("model", 1, model_block("gru"), recipe, WINDOWS))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"width": 32, "heads": 5}, "width is 32 and heads is 5; expected a width .*, such as 30"),
        ({"width": 3, "heads": 8}, "a multiple of heads, such as 8"),
        ({"width": 0}, "width\n.*greater than or equal to 1"),
        ({"heads": 0}, "heads\n.*greater than or equal to 1"),
        ({"layers": 0}, "layers\n.*greater than or equal to 1"),
        ({"layers": 13}, "layers\n.*less than or equal to 12"),
        ({"feed_forward": 0}, "feed_forward\n.*greater than or equal to 1"),
        ({"length_h": 0}, "length_h\n.*greater than or equal to 1"),
        ({"dropout": 1.0}, "dropout\n.*less than 1"),
        ({"hidden": 8}, "hidden\n.*not permitted|hidden"),
    ],
)  # fmt: skip
def test_sizes_that_make_no_transformer_are_refused(keys, says):
    with pytest.raises(ValidationError, match=says):
        model_block("transformer", **keys)


def test_a_length_beyond_the_look_back_is_refused():
    windows = WindowsBlock(look_back_h=24, horizon_h=6)
    check_windows(model_block("transformer", length_h=24), windows)
    check_windows(model_block("transformer"), windows)
    check_windows(model_block("gru"), windows)
    with pytest.raises(
        ValueError, match=r"length_h is 25, but data.windows.look_back_h is 24; expected at most"
    ):
        check_windows(model_block("transformer", length_h=25), windows)


def test_a_familys_failing_check_of_windows_is_reported(monkeypatch):
    from wattshed.forecast.families import transformer

    def fails(self, settings, windows):
        raise TypeError("a defect")

    monkeypatch.setattr(transformer.TransformerFamily, "check_windows", fails)
    with pytest.raises(ValueError, match=r"'transformer' fails when it is asked .* \(TypeError: a defect\)"):
        check_windows(model_block("transformer"), WindowsBlock())
