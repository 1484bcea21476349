"""Magnitude pruning by a mask: the smallest weights are zero, and stay so in the variant's own fine-tuning."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from made_makings import making_of, short_recipe
from made_pairs import random_pairs
from model_blocks import model_block
from wattshed.compression.methods.mask import METHOD, MaskSettings
from wattshed.compression.methods.masks import matrices, of_zeros
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation.faults import Fault

MODELS = [{}, {"form": "gru", "linear_part": True}, {"form": "stgnn_reference"}, {"form": "dlinear"}]


def variant(**keys):
    return MaskSettings(**{"method": "mask", "keep_share": 0.3, **keys})


def zeros(network):
    """Weights that are zero, by matrix."""
    return {name: int((value == 0).sum()) for name, value in matrices(network).items()}


@given(st.floats(0.1, 0.9), st.integers(0, 1000), st.sampled_from(["global", "layer"]))
def test_the_smallest_weights_become_zero_and_all_else_stays(keep_share, seed, scope):
    torch.manual_seed(seed)
    full = STGNN(6, 4)
    before = matrices(full)
    if scope == "global":
        sizes = torch.cat([value.detach().abs().flatten() for value in before.values()])
        least = sizes.topk(round(keep_share * len(sizes))).values.min()
        if any(value.detach().abs().max() < least for value in before.values()):
            with pytest.raises(Fault, match="keeps none of the"):
                METHOD.make(full, variant(keep_share=keep_share, scope=scope))
            return
    made = METHOD.make(full, variant(keep_share=keep_share, scope=scope))
    after = matrices(made)
    groups = [[name] for name in before] if scope == "layer" else [list(before)]
    for group in groups:
        was, found = (torch.cat([part[name].flatten() for name in group]) for part in (before, after))
        kept = found != 0
        assert int(kept.sum()) == round(keep_share * len(was))
        assert torch.equal(found[kept], was[kept])
        assert was[kept].abs().min() >= was[~kept].abs().max()
    own = made.state_dict()
    for name, value in full.state_dict().items():
        if name.removesuffix("_l0") not in {"gru.weight_ih", "gru.weight_hh", "output.weight"}:
            assert torch.equal(own[name], value), name


def test_one_ranking_takes_from_matrices_of_small_weights_first():
    full = STGNN(6, 16)
    with torch.no_grad():
        full.output.weight.mul_(0.2)
    shares = {
        scope: zeros(METHOD.make(full, variant(keep_share=0.8, scope=scope)))["output.weight"]
        for scope in ("global", "layer")
    }
    assert shares["global"] > shares["layer"] == round(0.2 * 96)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_fine_tuning_keeps_the_zeros_and_moves_all_else(model, task, graph):
    """With weight decay and clipping too; no weight that is kept is forgotten."""
    recipe = short_recipe(
        weight_decay=0.1,
        clip_norm=0.5,
        **({"sampling": "windows", "batch": 2} if model.get("form") == "stgnn_reference" else {}),
    )
    making = making_of(task, graph, recipe=recipe, **model)
    settings = variant(fine_tune_steps=6)
    made = METHOD.make_from(making, settings)
    before = {name: value.detach().clone() for name, value in matrices(made).items()}
    steps, loss = METHOD.fine_tune(making, made, settings)
    assert steps == 6
    assert loss > 0
    for name, value in matrices(made).items():
        assert torch.equal(value == 0, before[name] == 0), name
        moved = value.detach() != before[name]
        # Columns of a channel that is always zero have no gradient, and only decay.
        assert moved[before[name] != 0].float().mean() > 0.9, name


def test_later_training_without_the_mask_fills_the_zeros(task, graph):
    """As the documentation says: only the variant's own fine-tuning keeps them."""
    making = making_of(task, graph)
    made = METHOD.make_from(making, variant())
    before = sum(zeros(made).values())
    making.fine_tune(made, 6)
    assert sum(zeros(made).values()) < before / 2


def test_the_zeros_cost_what_the_dense_network_costs(task, graph):
    """The control for structured pruning: nothing is faster or smaller by it."""
    making = making_of(task, graph)
    made = METHOD.make_from(making, variant())
    assert not METHOD.shrinks
    sizes = [
        sum(value.nbytes for value in network.state_dict().values()) for network in (made, making.network)
    ]
    assert sizes[0] == sizes[1]
    assert made.kernel_weights() is not None


def test_the_network_is_the_same_where_only_zeros_are_masked():
    full = STGNN(6, 4).eval()
    with torch.no_grad():
        for weights in matrices(full).values():
            weights[:, 0] = 0
    pairs = random_pairs()
    with torch.no_grad():
        # 40 of 168 weights are zero.
        made = METHOD.make(full, variant(keep_share=0.75, scope="layer"))
        assert all(torch.equal(mask, of_zeros(full)[name]) for name, mask in of_zeros(made).items())
        assert torch.equal(made(pairs), full(pairs))


@pytest.mark.parametrize("keys", [{"keep_share": 1.0}, {"keep_share": 0.0}, {"scope": "network"}])
def test_values_out_of_range_are_refused(keys):
    with pytest.raises(ValueError, match=next(iter(keys))):
        variant(**keys)


def test_a_share_that_empties_a_matrix_is_refused():
    tiny = variant(keep_share=0.001, scope="layer")
    with pytest.raises(
        ValueError, match=r"keep_share 0\.001 keeps none of the 192 recurrent weights of 8 units"
    ):
        METHOD.check(tiny, model_block(hidden=8), [])
    with pytest.raises(
        Fault, match=r"keep_share 0\.001 keeps none of the 192 weights of gru\.weight_ih_l0 in this ST"
    ):
        METHOD.make(STGNN(6, 8), tiny)
    full = STGNN(6, 8)
    with torch.no_grad():
        full.output.weight.mul_(1e-3)
    with pytest.raises(
        Fault, match=r"keeps none of the 48 weights of output\.weight .* rank each matrix for itself"
    ):
        METHOD.make(full, variant(keep_share=0.5, scope="global"))


def test_a_share_that_removes_nothing_is_refused():
    with pytest.raises(
        Fault, match=r"keep_share 0\.999 removes none of the 18 weights: expected settings that remove"
    ):
        METHOD.make(STGNN(12, 1), variant(keep_share=0.999))
