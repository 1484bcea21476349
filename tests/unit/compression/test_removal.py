"""What removal leaves is the same network where nothing read the rest, and exactly as small as it should be."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from exact_gru import exact_forecast
from made_makings import forecast_of, making_of
from wattshed.compression.methods.prune import METHOD, PruneSettings
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.networks.removable.recurrent_channels import without_inputs
from wattshed.forecast.networks.removable.recurrent_units import without_units
from wattshed.forecast.networks.removable.watched_gru import WatchedGRU
from wattshed.foundation.faults import Fault

FORMS = {
    "stgnn": {},
    "stgnn_tables": {"form": "stgnn", "calendar": True, "node_table": True},
    "gru": {"form": "gru"},
    "residual_gru": {"form": "gru", "linear_part": True},
    "stgnn_reference": {"form": "stgnn_reference"},
}


@st.composite
def layers(draw):
    """A GRU, its read-out, steps, and which of its units and channels are kept."""
    channels, units, horizon = draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 3))
    torch.manual_seed(draw(st.integers(0, 10_000)))
    gru, output = nn.GRU(channels, units, batch_first=True), nn.Linear(units, horizon)
    kept_units = draw(st.sets(st.integers(0, units - 1), min_size=1))
    kept_channels = draw(st.sets(st.integers(0, channels - 1), min_size=1))
    chosen = [torch.tensor(sorted(kept)) for kept in (kept_units, kept_channels)]
    return gru, output, torch.randn(2, 4, channels), *chosen


def others(count, kept):
    return torch.tensor([index for index in range(count) if index not in kept.tolist()], dtype=torch.long)


@settings(max_examples=40)
@given(layers(), st.sampled_from(["unread", "dead"]))
def test_removing_unread_or_dead_units_changes_no_bit(case, why):
    gru, output, steps, kept, _ = case
    units = gru.hidden_size
    dropped = others(units, kept)
    with torch.no_grad():
        if why == "unread":
            gru.weight_hh_l0[:, dropped] = 0
            output.weight[:, dropped] = 0
        else:
            # The candidate n is always zero, and the state starts at zero.
            for weights in gru.all_weights[0]:
                weights[dropped + 2 * units] = 0
    smaller, read_out = without_units(gru, output, kept)
    assert exact_forecast(smaller, read_out, steps) == exact_forecast(gru, output, steps)


@settings(max_examples=40)
@given(layers(), st.sampled_from(["unread", "zero"]))
def test_removing_unread_or_zero_channels_changes_no_bit(case, why):
    gru, output, steps, _, kept = case
    dropped = others(gru.input_size, kept)
    with torch.no_grad():
        if why == "unread":
            gru.weight_ih_l0[:, dropped] = 0
        else:
            steps[..., dropped] = 0
    smaller = without_inputs(gru, kept)
    assert exact_forecast(smaller, output, steps[..., kept]) == exact_forecast(gru, output, steps)


@settings(max_examples=20)
@given(layers(), st.floats(-1, 1))
def test_folding_is_exact_for_units_that_are_constant(case, value):
    """Through the read-out and through all three gates, the candidate's inside r * (...) too."""
    gru, output, steps, kept, _ = case
    gru, output, steps = gru.double(), output.double(), steps.double()
    units = gru.hidden_size
    dropped = others(units, kept)
    state = torch.zeros(1, 2, units, dtype=torch.float64)
    state[..., dropped] = value
    with torch.no_grad():
        # z is 1, so that the state stays what it was.
        gru.bias_hh_l0[dropped + units] = 1e3
        expected = output(gru(steps, state)[1][0])
    means = torch.full((2, units), value, dtype=torch.float64)
    smaller, read_out = (layer.double() for layer in without_units(gru, output, kept, means))
    with torch.no_grad():
        found = read_out(smaller(steps, state[..., kept])[1][0])
    # The smaller layers hold single precision before they are made double again.
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    if len(dropped) and abs(value) > 0.1:
        plain, plain_read_out = (layer.double() for layer in without_units(gru, output, kept))
        with torch.no_grad():
            without = plain_read_out(plain(steps, state[..., kept])[1][0])
        assert (without - expected).abs().max() > 10 * (found - expected).abs().max()


@settings(max_examples=20)
@given(layers(), st.floats(-1, 1))
def test_folding_is_exact_for_channels_that_are_constant(case, value):
    gru, _, steps, _, kept = case
    steps[..., others(gru.input_size, kept)] = value
    smaller = without_inputs(gru, kept, torch.full((1, gru.input_size), value))
    with torch.no_grad():
        torch.testing.assert_close(smaller(steps[..., kept])[1], gru(steps)[1], rtol=1e-5, atol=1e-6)


@settings(max_examples=30)
@given(
    st.integers(1, 9), st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 4), st.booleans(), st.data()
)  # fmt: skip
def test_the_number_of_weights_is_that_of_the_formula(
    hidden, horizon, uses_graph, own, nodes, calendar, data
):
    full = STGNN(horizon, hidden, uses_graph, own or not uses_graph, calendar=calendar, nodes=nodes)
    kept = [
        data.draw(st.sets(st.integers(0, hidden - 1), min_size=1), label) for label in ("units", "channels")
    ]
    units, channels = (torch.tensor(sorted(indices)) for indices in kept)
    smaller = full.prunable_units().keep(units).prunable_channels().keep(channels)
    h, g = len(units), len(channels)
    lift = (g if own or not uses_graph else 0) + (g if uses_graph else 0) + g
    tables = nodes * g + (24 + 7) * g * calendar
    assert smaller.parameter_count() == lift + tables + 3 * (g * h + h * h) + 6 * h + h * horizon + horizon


def test_the_source_studys_network_of_16_units_has_486_weights_with_8_of_each(task, graph):
    making = making_of(task, graph, form="stgnn_reference", hidden=16)
    settings = PruneSettings(method="prune", keep_share=0.5, what="both")
    g = h = 8
    horizon = task.windows.horizon_steps
    made = METHOD.make_from(making, settings)
    assert made.parameter_count() == g + g + 3 * (g * h + h * h) + 6 * h + h * horizon + horizon


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_network_forecasts_the_same_without_unread_channels(form, task, graph):
    making = making_of(task, graph, **{"form": form, **FORMS[form]})
    kept = torch.tensor([0, 2, 3, 6])
    network = making.network
    gru = network.linear_maps()["gru"]
    with torch.no_grad():
        gru.weight_ih_l0[:, others(8, kept)] = 0
    smaller = network.prunable_channels().keep(kept)
    assert smaller.linear_maps()["gru"].input_size == 4
    assert smaller.parameter_count() < network.parameter_count()
    np.testing.assert_allclose(
        forecast_of(smaller, making), forecast_of(network, making), rtol=1e-5, atol=1e-6
    )
    assert len(smaller.prunable_channels().importance) == 4


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["units", "channels"])
def test_a_watched_copy_forecasts_the_same(form, what, task, graph):
    making = making_of(task, graph, **{"form": form, **FORMS[form]})
    network = making.network
    units = network.prunable_units() if what == "units" else network.prunable_channels()
    watched = units.watched()
    np.testing.assert_allclose(
        forecast_of(watched.network, making), forecast_of(network, making), rtol=1e-4, atol=1e-6
    )
    values, means = torch.stack(watched.values()), watched.means()
    assert values.shape[::2] == (task.windows.look_back_steps, 8)
    assert means.shape == (2 if what == "units" else 1, 8)
    if what == "units":
        torch.testing.assert_close(means[1], values[-1].mean(dim=0))
        torch.testing.assert_close(means[0], values[:-1].mean(dim=(0, 1)))
    else:
        torch.testing.assert_close(means[0], values.mean(dim=(0, 1)))


def test_a_watched_layer_carries_a_state_on():
    gru = nn.GRU(3, 4, batch_first=True)
    steps, state = torch.randn(5, 6, 3), torch.randn(1, 5, 4)
    watched = WatchedGRU(gru)
    for found, expected in zip(watched(steps, state), gru(steps, state), strict=True):
        torch.testing.assert_close(found, expected)


def test_several_recurrent_layers_have_no_units_that_can_be_removed():
    network = STGNN(6, 4)
    network.gru = nn.GRU(4, 4, num_layers=2, batch_first=True)
    assert network.prunable_units() is None
    assert network.prunable_channels() is None
    with pytest.raises(
        Fault, match=r"STGNN has no channels that can be removed: expected a network with one"
    ):
        METHOD.make(network, PruneSettings(method="prune", keep_share=0.5, what="channels"))


def test_channels_are_not_removed_beside_a_layer_that_may_read_them_too():
    network = STGNN(6, 4)
    assert network.prunable_channels() is not None
    network.second = nn.Linear(4, 4)
    assert network.prunable_channels() is None
