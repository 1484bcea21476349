"""Importance by norm, loss and activation, and means that are folded into biases."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from made_makings import forecast_of, making_of, short_recipe
from model_blocks import model_block
from wattshed.compression.methods.prune import METHOD, PruneSettings
from wattshed.compression.methods.removal import by_gates, seen_importance
from wattshed.forecast.network import PrunableUnits
from wattshed.forecast.networks.removable.watched_gru import watch
from wattshed.foundation.faults import Fault
from wattshed.training.step.gradient import batch_loss


def variant(**keys):
    return PruneSettings(**{"method": "prune", "keep_share": 0.5, "calibration_pairs": 40, **keys})


class GatedGRU(nn.Module):
    """A GRU that has a gate per pair on what is read of its units, or on its inputs: removal is a gate of zero.

    The recurrent matrix and the output read through the gate. The carry of a unit to itself has none.
    """

    def __init__(self, gru, what):
        super().__init__()
        self.gru, self.what, self.gate, self.seen = gru, what, None, []

    def forward(self, steps, state=None):
        self.gate = torch.ones(len(steps), self.gru.hidden_size, requires_grad=True)
        if self.what == "channels":
            self.gate = torch.ones(len(steps), self.gru.input_size, requires_grad=True)
            steps = steps * self.gate[:, None]
            self.seen = [steps.detach()]
            return self.gru(steps)
        last, states = torch.zeros(len(steps), self.gru.hidden_size), []
        weight_ih, weight_hh, bias_ih, bias_hh = self.gru.all_weights[0]
        for hour in steps.unbind(1):
            r_in, z_in, n_in = nn.functional.linear(hour, weight_ih, bias_ih).chunk(3, dim=1)
            r_h, z_h, n_h = nn.functional.linear(last * self.gate, weight_hh, bias_hh).chunk(3, dim=1)
            update = torch.sigmoid(z_in + z_h)
            candidate = torch.tanh(n_in + torch.sigmoid(r_in + r_h) * n_h)
            last = (1 - update) * candidate + update * last
            states.append(last)
        read = torch.stack(states, dim=1)
        self.seen = [read.detach()]
        return read * self.gate[:, None], (last * self.gate)[None]


def gated(making, what, batch):
    """Derivative of the loss by each gate [M, units], and the gated values [M, W, units]."""
    network = making.network.with_maps({"gru": GatedGRU(making.network.linear_maps()["gru"], what)}).eval()
    gru = network.linear_maps()["gru"]
    loss = batch_loss(network, batch, making.spec.recipe.loss)
    return torch.autograd.grad(loss, gru.gate)[0], gru.seen[0]


MODELS = [{}, {"linear_part": True}, {"form": "stgnn_reference"}, {"form": "gru", "sequences": True}]


def own_making(task, graph, sequences=False, **model):
    recipe = short_recipe(sampling="sequences", batch=4, sequence_h=20, burn_in_h=5) if sequences else None
    return making_of(task, graph, recipe=recipe, **model)


@pytest.mark.parametrize("what", ["units", "channels"])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_importance_by_loss_is_the_derivative_by_a_gate(model, what, task, graph):
    making = own_making(task, graph, **model)
    batch = making.calibration(40)
    settings = variant(what=what, importance="taylor")
    network = making.network
    units = network.prunable_units() if what == "units" else network.prunable_channels()
    found, means = seen_importance(units, batch, settings, making)
    derivative, _ = gated(making, what, batch)
    torch.testing.assert_close(found, derivative.abs().sum(dim=0), rtol=1e-4, atol=1e-7)
    assert means is None
    assert found.min() >= 0
    assert found.max() > 0


class Toy(nn.Module):
    """A GRU and its output, in double precision, for differences."""

    def __init__(self, every_hour):
        super().__init__()
        self.gru, self.output = nn.GRU(2, 3, batch_first=True).double(), nn.Linear(3, 2).double()
        self.every_hour = every_hour

    def forward(self, steps):
        states, last = self.gru(steps)
        return self.output(states if self.every_hour else last[-1])


def by_hand(toy, steps, what, gate, means):
    """The toy's forecast if every read is mean + gate * (value - mean); gate [M, units or channels]."""
    weight_ih, weight_hh, bias_ih, bias_hh = toy.gru.all_weights[0]
    last, read = torch.zeros(len(steps), 3, dtype=torch.float64), []
    for hour in steps.unbind(1):
        if what == "channels":
            hour = means[0] + gate * (hour - means[0])
        seen = last if what == "channels" else means[0] + gate * (last - means[0])
        inner, inner_h = hour @ weight_ih.T + bias_ih, seen @ weight_hh.T + bias_hh
        reset = torch.sigmoid(inner[:, :3] + inner_h[:, :3])
        update = torch.sigmoid(inner[:, 3:6] + inner_h[:, 3:6])
        last = (1 - update) * torch.tanh(inner[:, 6:] + reset * inner_h[:, 6:]) + update * last
        read.append(last if what == "channels" else means[1] + gate * (last - means[1]))
    return toy.output(torch.stack(read, dim=1) if toy.every_hour else read[-1])


@pytest.mark.parametrize("every_hour", [False, True])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("what", ["units", "channels"])
def test_the_derivative_by_a_gate_is_that_of_differences(what, fold, every_hour):
    toy, steps = Toy(every_hour), torch.randn(4, 6, 2, dtype=torch.float64)
    with torch.no_grad():
        # A slow unit: z is near 1, so that its carry reaches over all hours. Another one that nothing reads.
        toy.gru.bias_ih_l0[3] = 4
        toy.gru.weight_hh_l0[:, 2] = 0
        toy.output.weight[:, 2] = 0
    watched = watch(toy, what)
    forecast = watched.network(steps)
    target = torch.randn_like(forecast)
    means = watched.means() if fold else None
    found = by_gates((forecast - target).square().mean(), watched, means)
    assumed = torch.zeros_like(watched.means()) if means is None else means
    expected, width = torch.zeros_like(found), 1e-5
    with torch.no_grad():
        for place in np.ndindex(*found.shape):
            losses = []
            for change in (-width, width):
                gate = torch.ones_like(found)
                gate[place] += change
                losses.append((by_hand(toy, steps, what, gate, assumed) - target).square().mean())
            expected[place] = (losses[1] - losses[0]) / (2 * width)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
    assert (found != 0).any(dim=0).tolist() == ([True, True, False] if what == "units" else [True, True])


@pytest.mark.parametrize("fold", [False, True])
def test_a_unit_that_nothing_reads_has_no_importance_by_loss(fold, task, graph):
    making = making_of(task, graph)
    maps = making.network.linear_maps()
    with torch.no_grad():
        maps["gru"].weight_hh_l0[:, 5] = 0
        maps["output"].weight[:, 5] = 0
    settings = variant(importance="taylor", fold_mean=fold)
    found, _ = seen_importance(making.network.prunable_units(), making.calibration(40), settings, making)
    assert found[5] == 0
    assert (found > 0).sum() == 7


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("what", ["units", "channels"])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_importance_by_activation_is_the_root_mean_square_of_what_is_lost(model, what, fold, task, graph):
    making = own_making(task, graph, **model)
    batch = making.calibration(40)
    network = making.network
    units = network.prunable_units() if what == "units" else network.prunable_channels()
    found, _ = seen_importance(
        units, batch, variant(what=what, importance="activation", fold_mean=fold), making
    )
    values = gated(making, what, batch)[1].flatten(0, 1)
    expected = values.std(dim=0, unbiased=False) if fold else values.square().mean(dim=0).sqrt()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def rank_correlation(one, other):
    return np.corrcoef(*(np.argsort(np.argsort(values)) for values in (one, other)))[0, 1]


def test_units_of_high_importance_change_the_loss_most(task, graph):
    """By removing each unit alone, over eight seeds: the importance by loss ranks units better than their norm does."""
    by_loss, by_norm = [], []
    for seed in range(1, 9):
        making = making_of(task, graph, seed=seed, trained=True)
        batch, units, changes = making.calibration(400), making.network.prunable_units(), []
        importance, _ = seen_importance(units, batch, variant(importance="taylor"), making)
        with torch.no_grad():
            before = batch_loss(making.network, batch, "huber")
            for unit in range(8):
                kept = torch.tensor([other for other in range(8) if other != unit])
                changes.append(float((batch_loss(units.keep(kept), batch, "huber") - before).abs()))
        by_loss.append(rank_correlation(importance.numpy(), changes))
        by_norm.append(rank_correlation(units.importance.numpy(), changes))
    assert np.mean(by_loss) > 0.3
    assert np.mean(by_loss) > np.mean(by_norm)


def constant_unit(making, unit):
    """Make a unit constant from the first hour on, with large weights, and read by the output alone."""
    gru = making.network.linear_maps()["gru"]
    with torch.no_grad():
        for gate, bias in enumerate((0.0, -1e3, 0.5)):
            for weights in gru.all_weights[0]:
                weights[unit + 8 * gate] = 0
            gru.bias_ih_l0[unit + 8 * gate] = bias
        gru.weight_hh_l0[:, unit] = 0
        making.network.linear_maps()["output"].weight[:, unit] = 5


def test_a_constant_unit_goes_first_by_activation_and_folding_keeps_its_effect(task, graph):
    making = making_of(task, graph, form="gru")
    constant_unit(making, 3)
    expected = forecast_of(making.network, making)
    settings = variant(keep_share=7 / 8, importance="activation", fold_mean=True)
    folded = METHOD.make_from(making, settings)
    np.testing.assert_allclose(forecast_of(folded, making), expected, rtol=1e-4, atol=1e-5)
    by_norm = METHOD.make(making.network, variant(keep_share=7 / 8))
    assert np.abs(forecast_of(by_norm, making) - expected).max() > 1e-3


def test_a_constant_channel_is_folded_into_the_input_biases(task, graph):
    making = making_of(task, graph, form="gru")
    own, gru = making.network.own, making.network.gru
    with torch.no_grad():
        # All others vary.
        own.bias.fill_(0.7)
        own.weight[5] = 0
        gru.weight_ih_l0[:, 5] = 3
    expected = forecast_of(making.network, making)
    settings = variant(keep_share=7 / 8, what="channels", importance="activation", fold_mean=True)
    folded = METHOD.make_from(making, settings)
    assert torch.equal(folded.gru.weight_ih_l0, gru.weight_ih_l0[:, [0, 1, 2, 3, 4, 6, 7]])
    np.testing.assert_allclose(forecast_of(folded, making), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("importance", ["norm", "taylor", "activation"])
@pytest.mark.parametrize("what", ["units", "channels", "both"])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_every_choice_makes_the_shapes_of_its_skeleton_and_the_same_bytes_again(
    model, what, importance, task, graph
):
    making = own_making(task, graph, **model)
    settings = variant(what=what, importance=importance, fold_mean=importance != "norm")
    made, again = (METHOD.make_from(making, settings).state_dict() for _ in range(2))
    untrained = METHOD.skeleton(making.untrained_base(9), settings)
    untrained.load_state_dict(made)
    assert all(torch.equal(value, again[name]) for name, value in made.items())
    gru = untrained.linear_maps()["gru"]
    assert gru.hidden_size == (8 if what == "channels" else 4)
    assert gru.input_size == (8 if what == "units" else 4)


def test_weights_alone_do_not_give_an_importance_from_data(task, graph):
    making = making_of(task, graph)
    for keys in ({"importance": "taylor"}, {"fold_mean": True}):
        with pytest.raises(Fault, match="needs calibration data: expected importance norm without fold_mean"):
            METHOD.make(making.network, variant(**keys))


def test_a_familys_units_that_cannot_be_watched_are_refused(task, graph):
    making = making_of(task, graph)
    units = making.network.prunable_units()
    with pytest.raises(Fault, match="none that can be watched: expected importance norm"):
        seen_importance(
            PrunableUnits(units.importance, units.keep),
            making.calibration(10),
            variant(importance="taylor"),
            making,
        )


@pytest.mark.parametrize(("keep_share", "kept"), [(0.02, 0), (0.99, 16)])
def test_a_share_that_empties_the_channels_or_removes_none_is_refused(keep_share, kept, task, graph):
    settings = variant(keep_share=keep_share, what="channels")
    with pytest.raises(
        ValueError, match=f"keeps {kept} of 16 channels: expected a share that keeps at least one chan"
    ):
        METHOD.check(settings, model_block(hidden=16), [])
    with pytest.raises(Fault, match=f"keeps {kept} of 16 channels"):
        METHOD.make(making_of(task, graph, hidden=16).network, settings)


def test_the_check_counts_what_earlier_steps_left_of_units_and_channels():
    channels, both = variant(what="channels"), variant(what="both")
    block = model_block(hidden=4)
    METHOD.check(variant(), block, [channels, channels])
    METHOD.check(channels, block, [variant(), variant()])
    with pytest.raises(ValueError, match="keeps 0 of 1 channels"):
        METHOD.check(both, block, [both, channels])
    with pytest.raises(ValueError, match="keeps 0 of 1 units"):
        METHOD.check(both, block, [both, variant()])


@pytest.mark.parametrize("key", ["recurrent_layers", "graph_layers"])
def test_models_of_several_layers_are_refused_when_the_configuration_is_read(key):
    block = SimpleNamespace(form="stgnn_reference", hidden=8, **{key: 2})
    with pytest.raises(ValueError, match=f"the model has {key} 2, .* expected 1"):
        METHOD.check(variant(what="both"), block, [])
    if key == "graph_layers":
        METHOD.check(variant(), block, [])


def test_a_model_that_names_its_channels_is_checked_by_them():
    block = SimpleNamespace(form="stgnn_reference", hidden=8, channels=1)
    METHOD.check(variant(), block, [])
    with pytest.raises(ValueError, match="keeps 0 of 1 channels"):
        METHOD.check(variant(what="channels"), block, [])


@pytest.mark.parametrize("keys", [{"keep_share": 1.0}, {"keep_share": 0.0}, {"calibration_pairs": 0}])
def test_values_out_of_range_are_refused(keys):
    with pytest.raises(ValueError, match=next(iter(keys))):
        variant(**keys)
