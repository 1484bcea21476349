"""Structured pruning of LSTMs and of a transformer's feed-forward networks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from layered_networks import WINDOWS, randomised
from made_makings import forecast_of, making_of
from made_pairs import random_pairs
from model_blocks import model_block, untrained
from wattshed.compression.methods.prune import METHOD, PruneSettings
from wattshed.compression.methods.removal import by_gates

PAIRS = random_pairs()
BLOCKS = {"form": "transformer", "width": 6, "heads": 2, "layers": 3, "feed_forward": 10}


def variant(**keys):
    return PruneSettings(**{"method": "prune", "keep_share": 0.5, **keys})


def lstm(seed=0, hidden=16):
    return randomised(untrained(WINDOWS, 9, form="lstm", hidden=hidden, seed=seed), seed).eval()


def others(dropped, count=16):
    return torch.tensor([unit for unit in range(count) if unit not in dropped])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), kept=st.integers(1, 15))
def test_removing_units_of_an_lstm_that_nothing_reads_changes_nothing(seed, kept):
    full = lstm(seed)
    keep = torch.randperm(16, generator=torch.Generator().manual_seed(seed))[:kept]
    dropped = others(keep.tolist())
    with torch.no_grad():
        full.lstm.weight_hh_l0[:, dropped] = 0
        full.output.weight[:, dropped] = 0
        # What makes a unit counts for its importance too.
        for weights in (full.lstm.weight_ih_l0, full.lstm.weight_hh_l0):
            weights[torch.cat([dropped + gate * 16 for gate in range(4)])] *= 1e-3
    smaller = METHOD.make(full, variant(keep_share=kept / 16)).eval()
    assert smaller.lstm.hidden_size == kept
    torch.testing.assert_close(smaller(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


def test_removing_dead_units_of_an_lstm_changes_nothing():
    """A unit whose candidate is always zero has a cell of zero, and so a state of zero."""
    full, dead = lstm(), torch.tensor([1, 5, 11])
    with torch.no_grad():
        for weights in full.lstm.all_weights[0]:
            weights[dead + 32] = 0
    smaller = full.prunable_units().keep(others(dead.tolist()))
    torch.testing.assert_close(smaller(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


def test_pruning_an_lstm_truly_removes_weights():
    half = METHOD.make(lstm(), variant())
    assert half.parameter_count() == 2 * 16 + 4 * (16 * 8 + 8 * 8) + 8 * 8 + 8 * 3 + 3


@pytest.mark.parametrize("every_hour", [False, True])
@pytest.mark.parametrize("what", ["units", "channels"])
def test_the_derivative_by_a_gate_is_that_of_differences(what, every_hour):
    """A gate of zero is a unit, or a channel, that nothing reads; the carry of its cell has none."""
    network = randomised(untrained(WINDOWS, 9, form="lstm", hidden=3, channels=2)).double()
    steps = torch.rand(4, 6, 2, dtype=torch.float64)
    found = network.prunable_units() if what == "units" else network.prunable_channels()
    watched = found.watched()

    def read(layer, output):
        states, _ = layer(steps)
        return output(states if every_hour else states[:, -1])

    loss = read(watched.network.lstm, watched.network.output).square().mean()
    derivative = by_gates(loss, watched, None)

    def by_hand(gate):
        weight_ih, weight_hh, bias_ih, bias_hh = network.lstm.all_weights[0]
        last = cell = torch.zeros(4, 3, dtype=torch.float64)
        states = []
        for hour in steps.unbind(1):
            seen, hour = (last, hour * gate) if what == "channels" else (last * gate, hour)
            enter, forget, new, leave = (hour @ weight_ih.T + bias_ih + seen @ weight_hh.T + bias_hh).chunk(
                4, 1
            )
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            last = leave.sigmoid() * cell.tanh()
            states.append(last if what == "channels" else last * gate)
        return network.output(torch.stack(states, dim=1) if every_hour else states[-1]).square().mean()

    expected, width = torch.zeros_like(derivative), 1e-5
    with torch.no_grad():
        assert torch.allclose(by_hand(torch.ones_like(derivative)), loss)
        for place in np.ndindex(*derivative.shape):
            for change in (-width, width):
                gate = torch.ones_like(derivative)
                gate[place] += change
                expected[place] += by_hand(gate) * (1 if change > 0 else -1) / (2 * width)
    torch.testing.assert_close(derivative, expected, rtol=1e-6, atol=1e-9)


def test_a_constant_unit_of_an_lstm_goes_first_by_activation_and_folding_keeps_its_effect(task, graph):
    making = making_of(task, graph, form="lstm", hidden=8)
    layer, output = (making.network.linear_maps()[name] for name in ("lstm", "output"))
    with torch.no_grad():
        # Gates (i, f, g, o): in every hour the cell takes tanh(0.5) and forgets what it held.
        for gate, bias in enumerate((1e3, -1e3, 0.5, 1e3)):
            for weights in layer.all_weights[0]:
                weights[3 + 8 * gate] = 0
            layer.bias_ih_l0[3 + 8 * gate] = bias
        layer.weight_hh_l0[:, 3] = 0
        output.weight[:, 3] = 5
    expected = forecast_of(making.network, making)
    folded = METHOD.make_from(
        making, variant(keep_share=7 / 8, importance="activation", fold_mean=True, calibration_pairs=40)
    )
    np.testing.assert_allclose(forecast_of(folded, making), expected, rtol=1e-4, atol=1e-5)
    by_norm = METHOD.make(making.network, variant(keep_share=7 / 8))
    assert np.abs(forecast_of(by_norm, making) - expected).max() > 1e-3


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), kept=st.integers(1, 9))
def test_removing_feed_forward_units_that_nothing_reads_changes_nothing(seed, kept):
    """Other units in each block."""
    full = randomised(untrained(WINDOWS, 9, **BLOCKS), seed).eval()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for block in full.blocks:
            dropped = torch.randperm(10, generator=random)[kept:]
            block.narrow.weight[:, dropped] = 0
            block.widen.weight[dropped] *= 1e-3
            block.widen.bias[dropped] *= 1e-3
    smaller = METHOD.make(full, variant(keep_share=kept / 10)).eval()
    assert [block.widen.out_features for block in smaller.blocks] == [kept] * 3
    torch.testing.assert_close(smaller(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


def test_each_block_loses_its_own_least_important_units():
    full = randomised(untrained(WINDOWS, 9, **BLOCKS)).eval()
    smaller = METHOD.make(full, variant())
    for before, after in zip(full.blocks, smaller.blocks, strict=True):
        squares = before.widen.weight.square().sum(1) + before.widen.bias.square()
        squares = squares + before.narrow.weight.square().sum(0)
        kept = squares.topk(5).indices.sort().values
        assert torch.equal(after.widen.weight, before.widen.weight[kept])
        assert torch.equal(after.widen.bias, before.widen.bias[kept])
        assert torch.equal(after.narrow.weight, before.narrow.weight[:, kept])


@pytest.mark.parametrize(
    ("form", "keys", "says"),
    [
        ("transformer", {"what": "channels"}, "networks of the family transformer have no channels"),
        ("transformer", {"what": "both"}, "what is both, .* have no channels that can be removed; expected units"),
        ("transformer", {"keep_share": 0.001}, "keeps 0 of 128 units"),
        ("lstm", {"keep_share": 0.99}, "keeps 16 of 16 units"),
    ],
)  # fmt: skip
def test_what_cannot_be_removed_is_refused_when_the_configuration_is_read(form, keys, says):
    with pytest.raises(ValueError, match=says):
        METHOD.check(variant(**keys), model_block(form), [])


def test_the_check_counts_the_units_that_earlier_steps_left():
    block = model_block("transformer", width=4, feed_forward=4)
    METHOD.check(variant(), block, [variant()])
    with pytest.raises(ValueError, match="keeps 0 of 1 units"):
        METHOD.check(variant(), block, [variant(), variant()])
