import copy
from typing import get_args

import pytest
import torch

from made_makings import making_of
from made_pairs import random_pairs
from model_blocks import model_block
from wattshed.compression.methods.low_rank import METHOD, LowRankSettings
from wattshed.compression.methods.low_rank_layers import factorise, relative_error, thin_layers
from wattshed.compression.methods.low_rank_scratch import METHOD as SCRATCH
from wattshed.compression.methods.prune import METHOD as PRUNE
from wattshed.compression.methods.prune import PruneSettings
from wattshed.compression.methods.unrolled_gru import UnrolledGRU
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation.faults import Fault

PAIRS = random_pairs()


def network(hidden=16, horizon_steps=6, **keys):
    torch.manual_seed(0)
    return STGNN(horizon_steps, hidden, **keys).eval()


def thin(full, rank):
    return METHOD.make(full, LowRankSettings(method="low_rank", rank=rank)).eval()


def test_less_rank_is_worse_step_by_step():
    full = network()
    with torch.no_grad():
        expected = full(PAIRS)
        errors = [float((thin(full, rank)(PAIRS) - expected).norm()) for rank in (11, 6, 1)]
    assert errors[0] < errors[1] < errors[2]


def test_full_rank_is_exact():
    layer = torch.nn.Linear(16, 48)
    values = torch.randn(5, 16)
    torch.testing.assert_close(factorise(layer.weight, layer.bias, 16)(values), layer(values))


def test_the_loop_over_hours_gives_the_states_of_the_packaged_gru():
    gru = torch.nn.GRU(7, 7, batch_first=True)
    weights, biases = gru.all_weights[0][:2], gru.all_weights[0][2:]
    maps = [factorise(weight, bias, 7) for weight, bias in zip(weights, biases, strict=True)]
    steps, state = torch.randn(3, 10, 7), torch.randn(1, 3, 7)
    for found, expected in zip(UnrolledGRU(*maps, 7)(steps, state), gru(steps, state), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_only_matrices_that_become_smaller_are_replaced():
    """At rank 6 and 16 units the two matrices of the GRU, but not the read-out of 6 hours."""
    full = network()
    assert set(METHOD.make(full, LowRankSettings(method="low_rank", rank=6)).state_dict()) == {
        "own.weight",
        "neighbours.weight",
        "neighbours.bias",
        "gru.input_map.thin.weight",
        "gru.input_map.wide.weight",
        "gru.input_map.wide.bias",
        "gru.state_map.thin.weight",
        "gru.state_map.wide.weight",
        "gru.state_map.wide.bias",
        "output.weight",
        "output.bias",
    }
    assert thin(full, 6).parameter_count() == full.parameter_count() - 2 * (48 * 16 - 6 * (48 + 16))


@pytest.mark.parametrize("rank", [1, 4, 11])
def test_the_result_always_has_fewer_weights(rank):
    full = network(horizon_steps=24)
    assert thin(full, rank).parameter_count() < full.parameter_count()


def test_a_rank_that_saves_nothing_is_refused():
    """Three quarters of the units: from there on two thin matrices hold more than the GRU's one."""
    with pytest.raises(Fault, match="rank 12 makes no layer of STGNN smaller"):
        thin(network(), 12)
    with pytest.raises(ValueError, match="expected less than 12, three quarters of the 16 units"):
        METHOD.check(LowRankSettings(method="low_rank", rank=12), model_block(hidden=16), [])
    METHOD.check(LowRankSettings(method="low_rank", rank=11), model_block(hidden=16), [])


def test_the_check_counts_the_units_that_pruning_left():
    both = PruneSettings(method="prune", keep_share=0.5, what="both")
    with pytest.raises(ValueError, match="three quarters of the 8 units"):
        METHOD.check(LowRankSettings(method="low_rank", rank=6), model_block(hidden=16), [both])


@pytest.mark.parametrize(
    ("channels", "pruning", "highest"),
    [
        (None, {"keep_share": 0.5}, 9),
        (None, {"keep_share": 0.5, "what": "channels"}, 11),
        (None, {"keep_share": 0.5, "what": "both"}, 5),
        (32, {"keep_share": 0.125, "what": "channels"}, 11),
        (32, {"keep_share": 0.5}, 13),
    ],
)
def test_the_check_after_pruning_agrees_with_what_the_job_makes(channels, pruning, highest):
    """It refuses every rank at which no matrix of the pruned network becomes smaller, and no other."""
    pruning = PruneSettings(method="prune", **pruning)
    keys = {"hidden": 16, "channels": channels}
    pruned = PRUNE.make(network(**keys), pruning)
    for rank in range(1, 20):
        settings = LowRankSettings(method="low_rank", rank=rank)
        smaller = bool(thin_layers(pruned.linear_maps(), rank))
        assert smaller == (rank <= highest)
        if smaller:
            METHOD.check(settings, model_block(**keys), [pruning])
        else:
            with pytest.raises(ValueError, match=f"rank is {rank}; expected less than"):
                METHOD.check(settings, model_block(**keys), [pruning])


def test_a_wider_input_has_a_larger_rank_to_save_at():
    wide = model_block(hidden=16).model_copy(update={"channels": 64})
    METHOD.check(LowRankSettings(method="low_rank", rank=12), wide, [])
    with pytest.raises(ValueError, match=r"rank is 28; expected less than 27\.4"):
        METHOD.check(LowRankSettings(method="low_rank", rank=28), wide, [])


@pytest.mark.parametrize("second", [METHOD, SCRATCH], ids=["low_rank", "low_rank_scratch"])
def test_what_is_of_low_rank_already_is_not_made_so_again(second):
    before = LowRankSettings(method="low_rank", rank=4)
    settings = second.Settings(method=get_args(second.Settings.model_fields["method"].annotation)[0], rank=2)
    with pytest.raises(ValueError, match="of low rank already"):
        second.check(settings, model_block(hidden=16), [before])


def test_the_lost_part_is_that_of_the_singular_values():
    """Eckart and Young: the squares of the singular values that were left out, of all replaced matrices."""
    full = network()
    replaced = thin_layers(full.linear_maps(), 4)
    singular = [torch.linalg.svdvals(weight.detach()).double() for weight in full.gru.all_weights[0][:2]]
    singular.append(torch.linalg.svdvals(full.output.weight.detach()).double())
    lost = sum(float(values[4:].square().sum()) for values in singular)
    whole = sum(float(values.square().sum()) for values in singular)
    assert relative_error(full.linear_maps(), replaced) == pytest.approx((lost / whole) ** 0.5, rel=1e-4)


def test_the_lost_part_is_noted_for_the_ledger(task, graph):
    making = making_of(task, graph)
    result = METHOD.make_from(making, LowRankSettings(method="low_rank", rank=2))
    maps, found = making.network.linear_maps(), result.linear_maps()
    assert making.notes == {"relative_weight_error": relative_error(maps, found)}
    assert 0 < making.notes["relative_weight_error"] < 1


def test_a_gru_of_several_layers_becomes_smaller_layer_by_layer():
    gru = torch.nn.GRU(16, 16, num_layers=2, batch_first=True)
    made = thin_layers({"gru": gru}, 4)["gru"]
    assert sum(weight.numel() for weight in made.parameters()) == 2 * (2 * (4 * 64) + 96)
    states, last = made(torch.randn(3, 5, 16))
    assert states.shape == (3, 5, 16)
    assert last.shape == (2, 3, 16)


def test_linear_networks_become_smaller_too():
    full = DLinear(24, 6).eval()
    assert thin(full, 4).parameter_count() == 2 * (4 * (24 + 6) + 6)


def test_a_low_rank_network_can_be_trained_and_leaves_the_full_one_alone():
    full = network()
    before = copy.deepcopy(full.state_dict())
    smaller = thin(full, 4)
    smaller(PAIRS).square().sum().backward()
    assert all(parameter.grad is not None for parameter in smaller.parameters())
    assert all(torch.equal(value, before[name]) for name, value in full.state_dict().items())
