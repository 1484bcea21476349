import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from made_pairs import random_pairs
from model_blocks import model_block
from wattshed.compression.methods.prune import METHOD, PruneSettings
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation.faults import Fault

PAIRS = random_pairs()


def network(hidden=16, seed=0):
    torch.manual_seed(seed)
    return STGNN(6, hidden).eval()


def pruned(full, keep_share):
    return METHOD.make(full, PruneSettings(method="prune", keep_share=keep_share)).eval()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), kept=st.integers(1, 15))
def test_removing_unread_units_changes_nothing(seed, kept):
    """Exact where no weight reads a removed unit; units that nothing reads are the least important."""
    full = network(seed=seed)
    keep = torch.randperm(16, generator=torch.Generator().manual_seed(seed))[:kept]
    dropped = torch.tensor([unit for unit in range(16) if unit not in keep.tolist()])
    with torch.no_grad():
        full.gru.weight_hh_l0[:, dropped] = 0
        full.output.weight[:, dropped] = 0
        # What makes a unit counts for its importance too.
        for weights in (full.gru.weight_ih_l0, full.gru.weight_hh_l0):
            weights[torch.cat([dropped, dropped + 16, dropped + 32])] *= 1e-3
    torch.testing.assert_close(pruned(full, kept / 16)(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


def test_removing_dead_units_changes_nothing():
    """A unit whose candidate state is always zero stays at zero."""
    full = network()
    dead = torch.tensor([1, 5, 11])
    with torch.no_grad():
        for weights in (
            full.gru.weight_ih_l0,
            full.gru.weight_hh_l0,
            full.gru.bias_ih_l0,
            full.gru.bias_hh_l0,
        ):
            weights[dead + 32] = 0
    units = full.prunable_units()
    keep = torch.tensor([unit for unit in range(16) if unit not in dead.tolist()])
    torch.testing.assert_close(units.keep(keep)(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("graph", "own"), [(True, False), (False, True)])
def test_a_pruned_network_keeps_its_channels(graph, own):
    full = STGNN(6, 16, uses_graph=graph, uses_own_history=own).eval()
    units = full.prunable_units()
    torch.testing.assert_close(units.keep(torch.arange(16))(PAIRS), full(PAIRS))


def test_pruning_truly_removes_weights():
    """Masking would leave the same tensors and the same work."""
    full = network()
    half = pruned(full, 0.5)
    g, h = 16, 8
    assert half.parameter_count() == 3 * g + 3 * (g * h + h * h) + 6 * h + h * 6 + 6
    assert half.gru.hidden_size == 8
    assert full.parameter_count() == 1782


def test_the_least_important_units_go_first():
    full = network()
    with torch.no_grad():
        full.gru.weight_hh_l0[:, 3] = 0
        full.output.weight[:, 3] = 0
        for weights in (full.gru.weight_ih_l0, full.gru.weight_hh_l0):
            weights[[3, 19, 35]] = 0
    smaller = pruned(full, 15 / 16)
    kept = [unit for unit in range(16) if unit != 3]
    assert torch.equal(smaller.output.weight, full.output.weight[:, kept])


@pytest.mark.parametrize(("keep_share", "kept"), [(0.02, 0), (0.99, 16)])
def test_a_share_that_empties_a_layer_or_removes_nothing_is_refused(keep_share, kept):
    with pytest.raises(Fault, match=f"keeps {kept} of 16 units: expected a share"):
        pruned(network(), keep_share)
    variant = PruneSettings(method="prune", keep_share=keep_share)
    with pytest.raises(ValueError, match=f"keeps {kept} of 16 units"):
        METHOD.check(variant, model_block(hidden=16), [])


def test_the_check_counts_the_units_that_earlier_steps_left():
    half = PruneSettings(method="prune", keep_share=0.5)
    METHOD.check(half, model_block(hidden=4), [half])
    with pytest.raises(ValueError, match="keeps 0 of 1 units"):
        METHOD.check(half, model_block(hidden=4), [half, half])


def test_a_network_without_units_is_refused():
    with pytest.raises(Fault, match="DLinear has no units that can be removed"):
        pruned(DLinear(12, 6), 0.5)
