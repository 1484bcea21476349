"""Norms, directions and settings of gnn_stan."""

import copy

import pytest
import torch
from pydantic import ValidationError

from made_examples import made_stan, stan_settings
from wattshed.forecast.families.family import Offer
from wattshed.forecast.networks.stan.norms import KnownBatchNorm, mean_of_known
from wattshed.forecast.networks.stan.series import BothDirections, turning
from wattshed.foundation import plugins


def test_batch_norm_of_known_places_is_torchs():
    torch.manual_seed(0)
    values, known = torch.randn(3, 5, 4) * 3 + 2, torch.ones(3, 5, dtype=torch.bool)
    own, reference = KnownBatchNorm(4), torch.nn.BatchNorm1d(4)
    for _ in range(3):
        torch.testing.assert_close(own(values, known), reference(values.flatten(0, 1)).view(3, 5, 4))
    torch.testing.assert_close(own.state_dict(), reference.state_dict())
    torch.testing.assert_close(own.eval()(values), reference.eval()(values.flatten(0, 1)).view(3, 5, 4))


def test_batch_norm_takes_the_statistics_of_known_places_alone():
    torch.manual_seed(0)
    values = torch.randn(2, 6, 3)
    known = torch.arange(6) < torch.tensor([[6], [2]])
    padded = torch.where(known.unsqueeze(-1), values, 1e4)
    own, reference = KnownBatchNorm(3), torch.nn.BatchNorm1d(3)
    expected = reference(values[known])
    torch.testing.assert_close(own(padded, known)[known], expected)
    torch.testing.assert_close(own.state_dict(), reference.state_dict())
    assert not own(padded, known)[~known].any()


def test_the_mean_of_an_example_without_known_samples_is_zero():
    known = torch.tensor([[True, True, False], [False, False, False]])
    values = torch.tensor([[[1.0], [3.0], [9.0]], [[5.0], [5.0], [5.0]]])
    assert mean_of_known(values, known).tolist() == [[2.0], [0.0]]


def test_both_directions_are_torchs_bidirectional_lstm_on_packed_series():
    torch.manual_seed(0)
    own = BothDirections(3, 4, 2, 0.0)
    reference = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for number, (ahead, back) in enumerate(zip(own.forwards, own.backwards, strict=True)):
            for layer, suffix in ((ahead, ""), (back, "_reverse")):
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(reference, f"{kind}_l{number}{suffix}").copy_(getattr(layer, f"{kind}_l0"))
    lengths = torch.tensor([6, 3, 5])
    series, known = torch.randn(3, 6, 3), torch.arange(6) < lengths[:, None]
    packed = torch.nn.utils.rnn.pack_padded_sequence(series, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(reference(packed)[0], batch_first=True)
    torch.testing.assert_close(own(series, known)[known], expected[known])


def test_known_samples_are_turned_round_and_padding_stays():
    known = torch.arange(4) < torch.tensor([[4], [2], [0]])
    assert turning(known).tolist() == [[3, 2, 1, 0], [1, 0, 2, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"hidden": 5, "attention_heads": 4}, "expected 2 \\* hidden to be a multiple of attention_heads"),
        ({"fusion_width": 9}, "expected a width that is a multiple of fusion_heads"),
        ({"pooling_shares": (0.8,)}, "pooling_shares has 1 shares for 3 graph layers; expected 2"),
        ({"pooling_shares": (0.8, 0.0)}, "greater than 0"),
        ({"edge_share": 0.1}, "edge_share is 0.1 of 7\\^2 pairs: 5 edges.*expected more than 0.143"),
        ({"edge_share": 1.2}, "less than or equal to 1"),
        ({"variant": "base", "blocks": 2}, "variant is base, which has one block; expected 1"),
        ({"variant": "base", "feed_forward": 8}, "variant is base, which has no feed-forward network"),
        ({"regions": 0}, "greater than or equal to 4"),
        ({"graph_channels": ()}, "at least 1 item"),
    ],
)
def test_settings_that_do_not_fit_are_refused(keys, reason):
    with pytest.raises(ValidationError, match=reason):
        stan_settings(**keys)


def test_what_a_plan_may_change_exists():
    for variant in ("base", "fused"):
        network = made_stan(variant=variant)
        parts = network.memory_parts()
        assert all(hasattr(network.get_submodule(name), "kernel") for name in parts.attentions)
        assert all(hasattr(network.get_submodule(name), "aggregation") for name in parts.aggregations)
        assert all(isinstance(network.get_submodule(name), torch.nn.Linear) for name in parts.projections)
        offered = plugins.load("family", "gnn_stan").offers(stan_settings(variant=variant))
        assert bool(parts.skippable) == (Offer.SKIPPABLE_BLOCKS in offered) == (variant == "fused")


def test_blocks_that_a_gate_may_skip_keep_the_shape():
    network = made_stan(blocks=3)
    assert len(network.memory_parts().skippable) == 3
    values, known = torch.randn(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)
    for name in network.memory_parts().skippable:
        assert network.get_submodule(name)(values, known).shape == values.shape


def test_names_of_linear_maps_stay_when_layers_are_replaced_by_several():
    network = made_stan()
    maps = network.linear_maps()
    pair = {
        name: torch.nn.Sequential(copy.deepcopy(layer), torch.nn.Identity()) for name, layer in maps.items()
    }
    assert list(network.with_maps(pair).linear_maps()) == list(maps)
