"""Sparse training from scratch: the density holds throughout, and the masks evolve."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from made_makings import making_of, short_recipe
from model_blocks import model_block
from wattshed.compression.methods.evolving_masks import evolved, random_masks
from wattshed.compression.methods.masks import KeepZero, apply, count, matrices, of_zeros
from wattshed.compression.methods.sparse_training import METHOD, SparseTrainingSettings
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation.faults import Fault

MODELS = [{}, {"form": "gru", "linear_part": True}, {"form": "stgnn_reference"}, {"form": "dlinear"}]


def variant(**keys):
    return SparseTrainingSettings(**{"method": "sparse_training", "density": 0.4, "update_every": 2, **keys})


def own_making(task, graph, ema_decay=0.0, **model):
    recipe = short_recipe(ema_decay=ema_decay, weight_decay=1e-2, learning_rate=1e-2)
    if model.get("form") == "stgnn_reference":
        recipe = short_recipe(sampling="windows", batch=2, ema_decay=ema_decay)
    return making_of(task, graph, recipe=recipe, **model)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.floats(0.1, 0.9), st.floats(0.0, 1.0), st.integers(0, 1000))
def test_the_smallest_weights_are_replaced_by_as_many_others(density, share, seed):
    torch.manual_seed(seed)
    network = STGNN(6, 4)
    masks = random_masks(network, density, generator(seed))
    apply(network, masks)
    changed = evolved(network, masks, share, generator(seed + 1))
    for name, weights in matrices(network).items():
        before, after, size = masks[name], changed[name], weights.detach().abs()
        assert int(before.sum()) == int(after.sum()) == round(density * weights.numel())
        dropped, grown = before & ~after, after & ~before
        assert int(dropped.sum()) == min(round(share * int(before.sum())), int((~before).sum()))
        assert int(dropped.sum()) == int(grown.sum())
        if dropped.any() and (before & after).any():
            assert size[dropped].max() <= size[before & after].min()


@pytest.mark.parametrize("ema_decay", [0.0, 0.5])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_result_has_the_density_in_each_matrix(model, ema_decay, task, graph):
    making = own_making(task, graph, ema_decay, **model)
    made = METHOD.make_from(making, variant())
    for name, weights in matrices(made).items():
        kept = int((weights != 0).sum())
        # A weight that has just grown, or gets no gradient, may still be zero.
        assert 0 < kept <= round(0.4 * weights.numel()), name
    assert count(of_zeros(made)) > 0.3 * sum(weights.numel() for weights in matrices(made).values())
    again = METHOD.make_from(making, variant()).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in made.state_dict().items())


def test_removed_weights_are_zero_after_every_step_and_masks_rest_at_the_end(task, graph, monkeypatch):
    making = own_making(task, graph)
    kind = type(making)
    own, held, masks_seen = kind.train_again, [], []

    def watched(self, network, hooks=None, after_step=None):
        assert isinstance(hooks, KeepZero)

        def note(done):
            after_step(done)
            held.append(
                all(
                    bool((weights[~hooks.masks[name]] == 0).all())
                    for name, weights in matrices(network).items()
                )
            )
            masks_seen.append(hooks.masks)

        return own(self, network, hooks, note)

    monkeypatch.setattr(kind, "train_again", watched)
    METHOD.make_from(making, variant())
    assert held == [True] * 13
    changes = [
        done
        for done in range(1, 13)
        if any(not torch.equal(mask, masks_seen[done - 1][name]) for name, mask in masks_seen[done].items())
    ]
    assert changes == [2, 4, 6, 8]


def test_it_learns_from_the_base_models_first_weights(task, graph):
    """The checkpoint's own weights are not used, and the forecasts get better."""
    making = own_making(task, graph)
    made = METHOD.make_from(making, variant())
    with torch.no_grad():
        for weights in making.network.parameters():
            weights.zero_()
    again = METHOD.make_from(making, variant()).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in made.state_dict().items())
    losses = making.train_again(making.untrained_base(making.spec.seed)).train_losses
    assert losses[-1] < losses[0]
    assert METHOD.learns
    assert not METHOD.shrinks


def test_fine_tuning_keeps_the_zeros(task, graph):
    making = own_making(task, graph)
    settings = variant(fine_tune_steps=4)
    made = METHOD.make_from(making, settings)
    before = of_zeros(made)
    METHOD.fine_tune(making, made, settings)
    assert all(bool((~mask | before[name]).all()) for name, mask in of_zeros(made).items())


@pytest.mark.parametrize(
    "keys",
    [{"density": 0.0}, {"density": 1.0}, {"update_every": 0}, {"drop_share": 0.0}, {"drop_share": 1.0}],
)
def test_values_out_of_range_are_refused(keys):
    with pytest.raises(ValueError, match=next(iter(keys))):
        variant(**keys)


def test_densities_that_empty_a_matrix_or_remove_nothing_are_refused(task, graph):
    making = own_making(task, graph)
    with pytest.raises(ValueError, match=r"density 0.001 keeps none of the 192 recurrent weights of 8 units"):
        METHOD.check(variant(density=0.001), model_block(hidden=8), [])
    with pytest.raises(
        Fault, match=r"density 0\.02 keeps none of the 24 weights of output\.weight in this STGNN"
    ):
        METHOD.make_from(making, variant(density=0.02))
    with pytest.raises(Fault, match=r"density 0\.9999 removes none of the 408 weights"):
        METHOD.make_from(making, variant(density=0.9999))


def test_masks_that_would_never_change_are_refused(task, graph):
    with pytest.raises(
        Fault, match="update_every 9 leaves no change of the masks in the first 9 of 12 steps"
    ):
        METHOD.make_from(own_making(task, graph), variant(update_every=9))


def test_the_control_keeps_the_masks_with_which_the_other_begins(task, graph, monkeypatch):
    making = own_making(task, graph)
    kind = type(making)
    own, seen = kind.train_again, []

    def watched(self, network, hooks=None, after_step=None):
        first = hooks.masks

        def note(done):
            after_step(done)
            same = all(torch.equal(mask, first[name]) for name, mask in hooks.masks.items())
            seen.append((first, same))

        return own(self, network, hooks, note)

    monkeypatch.setattr(kind, "train_again", watched)
    # Its masks never change: any number of steps between changes is right.
    static = METHOD.make_from(making, variant(control="static_mask", update_every=1000))
    assert [same for _, same in seen] == [True] * 13
    first = seen[0][0]
    for name, weights in matrices(static).items():
        assert bool((weights[~first[name]] == 0).all())
        assert int((weights != 0).sum()) > 0.9 * int(first[name].sum())
    METHOD.make_from(making, variant())
    assert all(torch.equal(mask, seen[13][0][name]) for name, mask in first.items())
    assert not seen[-1][1]
    assert METHOD.is_control(variant(control="static_mask"))
    assert not METHOD.is_control(variant())


def test_it_follows_a_base_model_only(task, graph):
    assert METHOD.restarts
    with pytest.raises(Fault, match="undoes the steps before sparse"):
        METHOD.make_from(making_of(task, graph, steps=("naive", "sparse")), variant())
