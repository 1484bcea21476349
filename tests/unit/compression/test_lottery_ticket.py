"""Lottery tickets: pruned, rewound and trained again, beside controls of the same sparsity."""

import pytest
import torch

from made_makings import making_of, short_recipe
from model_blocks import model_block
from wattshed.compression.methods.lottery_ticket import METHOD, LotteryTicketSettings
from wattshed.compression.methods.masks import count, matrices, of_zeros, whole
from wattshed.compression.methods.tickets import (
    early_weights,
    rewinding_step,
    shuffled,
    train_masked,
)
from wattshed.foundation.faults import Fault

MODELS = {
    "stgnn": {"calendar": True, "node_table": True},
    "residual_gru": {"form": "gru", "linear_part": True},
    "stgnn_reference": {"form": "stgnn_reference"},
    "dlinear": {"form": "dlinear"},
    "stream": {"form": "gru"},
}


def variant(**keys):
    return LotteryTicketSettings(
        **{"method": "lottery_ticket", "rounds": 2, "share_per_round": 0.3, "scope": "layer", **keys}
    )


def own_making(task, graph, name="stgnn", **changes):
    if name == "stgnn_reference":
        changes = {"sampling": "windows", "batch": 2, **changes}
    if name == "stream":
        changes = {"sampling": "sequences", "batch": 4, "sequence_h": 20, "burn_in_h": 5, **changes}
    return making_of(task, graph, recipe=short_recipe(**changes), trained=True, **MODELS[name])


def same(one, other):
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("rewind_share", [0.0, 0.25])
@pytest.mark.parametrize("name", MODELS)
def test_without_pruning_the_parents_weights_come_out(name, rewind_share, task, graph):
    """First weights, batches, dropout and schedule are those of the base model's training."""
    making = own_making(task, graph, name)
    network = making.untrained_base(making.spec.seed)
    step = rewinding_step(making, rewind_share)
    assert step == 12 * rewind_share
    trained = train_masked(making, network, whole(network), step, early_weights(making, step))
    assert same(trained, making.network)


def test_a_moving_average_and_a_shuffled_graph_are_kept_to(task, graph):
    making = making_of(
        task, graph, recipe=short_recipe(ema_decay=0.5, weight_decay=1e-2), trained=True, graph="shuffled"
    )
    network = making.untrained_base(making.spec.seed)
    assert same(train_masked(making, network, whole(network), 2, early_weights(making, 2)), making.network)


@pytest.mark.parametrize("ema_decay", [0.0, 0.5])
@pytest.mark.parametrize("name", MODELS)
def test_each_round_removes_its_share_of_what_is_left(name, ema_decay, task, graph):
    making = own_making(task, graph, name, ema_decay=ema_decay, weight_decay=1e-2)
    ticket = METHOD.make_from(making, variant())
    for parameter, mask in of_zeros(ticket).items():
        after_one = round(0.7 * mask.numel())
        assert int(mask.sum()) == round(0.7 * after_one), parameter


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_the_first_round_removes_the_dense_networks_smallest_weights(scope, task, graph):
    making = own_making(task, graph)
    ticket = METHOD.make_from(making, variant(rounds=1, scope=scope))
    dense, left = matrices(making.network), of_zeros(ticket)
    groups = [[name] for name in dense] if scope == "layer" else [list(dense)]
    for group in groups:
        weights = torch.cat([dense[name].detach().abs().flatten() for name in group])
        kept = torch.cat([left[name].flatten() for name in group])
        assert weights[kept].min() >= weights[~kept].max()


def test_zeros_hold_at_every_step_and_the_ticket_starts_from_the_rewound_weights(task, graph, monkeypatch):
    making = own_making(task, graph)
    step = 3
    early = early_weights(making, step)
    network = making.untrained_base(making.spec.seed)
    masks = shuffled(
        {name: torch.arange(m.numel()).reshape(m.shape) % 3 == 0 for name, m in whole(network).items()}, 1
    )
    seen = {}
    kind = type(making)
    own = kind.train_again

    def watched(self, network, hooks=None, after_step=None):
        def note(done):
            after_step(done)
            seen[done] = {name: value.detach().clone() for name, value in network.named_parameters()}

        return own(self, network, hooks, note)

    monkeypatch.setattr(kind, "train_again", watched)
    train_masked(making, network, masks, step, early)
    assert list(seen) == list(range(13))
    removed = {name: ~mask for name, mask in masks.items()}
    for weights in seen.values():
        assert all(bool((weights[name][gone] == 0).all()) for name, gone in removed.items())
    for name, value in early.items():
        expected = value * masks[name] if name in masks else value
        assert torch.equal(seen[step][name], expected), name
    assert not torch.equal(seen[step + 1]["gru.weight_hh_l0"], seen[step]["gru.weight_hh_l0"])


def test_controls_have_the_tickets_sparsity_but_not_its_masks_or_not_its_weights(task, graph):
    making = own_making(task, graph)
    ticket, random_mask, fresh = (
        METHOD.make_from(making, variant(control=control))
        for control in ("none", "random_mask", "reinitialised")
    )
    masks, shuffled_masks, fresh_masks = (of_zeros(network) for network in (ticket, random_mask, fresh))
    for name, mask in masks.items():
        assert int(shuffled_masks[name].sum()) == int(mask.sum())
        assert torch.equal(fresh_masks[name], mask)
    assert any(not torch.equal(shuffled_masks[name], mask) for name, mask in masks.items())
    assert not same(fresh, ticket)
    assert same(METHOD.make_from(making, variant(control="random_mask")), random_mask)


def test_another_seed_draws_other_first_weights_on_the_same_graph(task, graph):
    making = making_of(task, graph, form="stgnn_reference", graph="shuffled")
    own, other = making.untrained_base(making.spec.seed), making.untrained_base(99)
    assert torch.equal(own.adjacency.to_dense(), other.adjacency.to_dense())
    assert not torch.equal(own.adjacency.to_dense(), torch.from_numpy(graph.adjacency.toarray()).float())
    assert not torch.equal(own.gru.weight_hh_l0, other.gru.weight_hh_l0)


def test_it_trains_keeps_its_shapes_and_its_zeros(task, graph):
    assert METHOD.learns
    assert not METHOD.shrinks
    making = own_making(task, graph)
    before = {name: value.clone() for name, value in making.network.state_dict().items()}
    settings = variant(fine_tune_steps=3)
    ticket = METHOD.make_from(making, settings)
    left = count(of_zeros(ticket))
    METHOD.fine_tune(making, ticket, settings)
    assert count(of_zeros(ticket)) == left
    assert all(torch.equal(value, before[name]) for name, value in making.network.state_dict().items())


@pytest.mark.parametrize(
    "keys",
    [
        {"rounds": 0},
        {"share_per_round": 0.0},
        {"share_per_round": 1.0},
        {"rewind_share": -0.01},
        {"rewind_share": 0.2},
        {"control": "dense"},
    ],
)
def test_values_out_of_range_are_refused(keys):
    with pytest.raises(ValueError, match=next(iter(keys))):
        variant(**keys)


def test_rounds_that_empty_the_network_are_refused_when_the_configuration_is_read(task, graph):
    settings = variant(rounds=50, share_per_round=0.5)
    with pytest.raises(
        ValueError, match=r"50 rounds of share_per_round 0.5.* keeps none of the 192 recurrent weights"
    ):
        METHOD.check(settings, model_block(hidden=8), [])


def test_rounds_that_empty_a_matrix_or_remove_nothing_are_refused(task, graph):
    making = own_making(task, graph)
    with torch.no_grad():
        making.network.output.weight.mul_(1e-4)
    with pytest.raises(
        Fault, match=r"share_per_round 0.9 in round 1 keeps none of the 24 weights of output\.weight"
    ):
        METHOD.make_from(making, variant(share_per_round=0.9, scope="global"))
    with pytest.raises(Fault, match=r"share_per_round 1e-05 in round 1 removes none of the 408 weights"):
        METHOD.make_from(making, variant(share_per_round=1e-5))


def test_it_follows_a_base_model_only(task, graph):
    assert METHOD.restarts
    making = making_of(task, graph, steps=("replay", "ticket"))
    with pytest.raises(Fault, match=r"model\+replay\+ticket would train .* undoes the steps before ticket"):
        METHOD.make_from(making, variant())


def test_a_training_that_ends_before_the_rewinding_step_is_refused(task, graph):
    making = making_of(task, graph, recipe=short_recipe(patience=1, min_delta=0.99), trained=True)
    with pytest.raises(
        Fault, match=r"ended before step 11, to which a ticket is rewound: .* lower .* rewind_share"
    ):
        early_weights(making, 11)
    network = making.untrained_base(making.spec.seed)
    with pytest.raises(Fault, match="ended before step 11"):
        train_masked(making, network, whole(network), 11, dict(network.named_parameters()))
