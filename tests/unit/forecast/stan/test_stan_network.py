"""The whole network of gnn_stan: its size, padding, what it reads, and steps that save memory."""

import copy
import dataclasses

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.checkpoint import checkpoint

from made_examples import made_batch, made_stan, same_loss
from wattshed.engine.attention.block import Blocks
from wattshed.engine.attention.fused import FUSED
from wattshed.forecast.examples import LabelledBatch
from wattshed.foundation.faults import Fault

# The source's sizes; parameters of its form as coded, by part.
SOURCE = {
    "variant": "base",
    "regions": 200,
    "graph_channels": (128, 64, 32),
    "graph_heads": 4,
    "edge_share": 0.2,
    "hidden": 128,
    "attention_heads": 8,
    "fusion_width": 128,
    "fusion_heads": 4,
}
VARIANTS = ("base", "fused")
# Where rounding and single units weigh less.
WIDER = {"hidden": 16, "fusion_width": 32, "graph_channels": (16, 16, 16)}


def count(module):
    return sum(weights.numel() for weights in module.parameters())


def gradients(network, batch):
    network.zero_grad()
    same_loss(network, batch).backward()
    return {name: weights.grad.clone() for name, weights in network.named_parameters()}


def test_the_base_variant_has_the_sources_numbers_of_parameters():
    network = made_stan(classes=2, **SOURCE)
    assert count(network) == network.parameter_count() == 1_478_626
    assert count(network.series) == 1_094_784
    assert count(network.fusion) == 317_568
    assert count(network.graph) == 57_760


def doubled(batch):
    return LabelledBatch(
        batch.series.double(), batch.known, batch.connectivity.double(), batch.features.double()
    )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_padding_changes_nothing(variant, norm):
    """Neither logits nor gradients nor running statistics, in training and after it.

    In float64: statistics of three examples enlarge what float32 rounds away, by an amount that the processor decides.
    """
    network = made_stan(variant=variant, norm=norm).double()
    short = doubled(made_batch(lengths=(9, 9, 9), length=9))
    long = doubled(made_batch(lengths=(9, 9, 9), length=14))
    assert long.series.shape[1] == 14
    # Whatever padding holds.
    long.series[:, 9:] = 1e3
    assert short.known is None
    masked = dataclasses.replace(short, known=torch.ones(short.series.shape[:2], dtype=torch.bool))
    found = []
    for batch in (masked, long, short):
        own = copy.deepcopy(network)
        trained = own(batch)
        found.append((trained, gradients(own, batch), own.state_dict(), own.eval()(batch)))
    # Sums have another order.
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-9, atol=1e-12)


def test_windows_of_unequal_lengths_are_each_as_alone():
    network = made_stan().eval()
    batch = made_batch(lengths=(12, 7))
    alone = made_batch(lengths=(12, 7), length=12)[torch.tensor([1])]
    cut = LabelledBatch(alone.series[:, :7], alone.known[:, :7], alone.connectivity, alone.features)
    torch.testing.assert_close(network(batch)[1:], network(cut), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_reach_all_weights_but_those_of_a_single_key(variant):
    """A softmax over one key is 1, whatever query and key are."""
    network = made_stan(variant=variant)
    width = network.fusion.to_samples.query.out_features
    for name, gradient in gradients(network, made_batch()).items():
        assert torch.isfinite(gradient).all(), name
        if name.startswith("fusion.to_") and variant == "base":
            if ".query." in name:
                assert not gradient.any(), name
            if ".key_value." in name:
                assert not gradient[:width].any(), name
        if "query" not in name or variant == "fused":
            assert gradient.any(), name


@pytest.mark.parametrize(("variant", "linear"), [("base", True), ("fused", False)])
def test_more_than_one_key_makes_the_crossed_part_other_than_linear(variant, linear):
    """Superposition holds for a linear map of the samples' tokens, and for no attention over them."""
    fusion = made_stan(variant=variant).fusion.eval()
    torch.manual_seed(0)
    regions, first, second = torch.randn(2, 5, 4), *torch.randn(2, 2, 6, 4)
    known = torch.ones(2, 6, dtype=torch.bool)

    def crossed(samples):
        parts = fusion._of_means if fusion.single_key else fusion._of_tokens
        if fusion.single_key:
            return parts(regions.mean(dim=1), samples.mean(dim=1))[2]
        return parts(regions, samples, known)[2]

    both, zero = crossed(first + second), crossed(torch.zeros_like(first))
    apart = crossed(first) + crossed(second) - zero
    assert torch.allclose(both, apart, atol=1e-5) == linear


@pytest.mark.parametrize("part", ["series", "connectivity", "features"])
def test_all_that_a_batch_holds_is_read(part):
    network = made_stan().eval()
    batch = made_batch()
    other = dataclasses.replace(batch, **{part: getattr(batch, part).flip(0)})
    assert not torch.allclose(network(batch), network(other))


def test_examples_do_not_depend_on_their_batch():
    network = made_stan(norm="layer")
    batch = made_batch()
    alone = torch.cat([network(batch[torch.tensor([row])]) for row in range(len(batch))])
    torch.testing.assert_close(network(batch), alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("aggregation", ["dense", "streamed", "auto"])
def test_kernels_give_the_plain_steps_loss_and_gradients(variant, aggregation):
    network = made_stan(variant=variant)
    batch = made_batch()
    expected = gradients(network, batch)
    parts = network.memory_parts()
    for name in parts.aggregations:
        network.get_submodule(name).aggregation = aggregation
    for name in parts.attentions:
        network.get_submodule(name).kernel = FUSED
    torch.testing.assert_close(gradients(network, batch), expected, rtol=1e-3, atol=1e-5)


def test_blocks_are_for_samples_alone():
    """Between two kinds of tokens nothing is near, so that all are read."""
    network = made_stan().eval()
    batch = made_batch()
    tokens = torch.randn(2, 5, 8), torch.randn(2, 9, 8)
    cross = network.fusion.to_samples
    expected = cross(*tokens, None)
    for name in network.memory_parts().attentions:
        network.get_submodule(name).kernel = Blocks(2, 0)
    torch.testing.assert_close(cross(*tokens, None), expected)
    assert torch.isfinite(network(batch)).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_recomputed_parts_give_the_same_gradients_and_statistics(variant):
    """Dropout draws the same masks, and no norm follows a batch twice."""
    plain = made_stan(variant=variant, dropout=0.3, attention_dropout=0.2)
    batch = made_batch()
    recomputed = copy.deepcopy(plain)
    names = [name for group in recomputed.memory_parts().recomputed.values() for name in group]
    assert len(set(names)) == len(names) > 5
    for name in names:
        module = recomputed.get_submodule(name)
        module.forward = again(module.forward)
    found = []
    for network in (plain, recomputed):
        torch.manual_seed(7)
        found.append((gradients(network, batch), dict(network.named_buffers())))
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)


def again(forward):
    return lambda *inputs: checkpoint(forward, *inputs, use_reentrant=False)


def test_saved_tensors_may_be_moved_and_half_precision_trains():
    network = made_stan(norm="layer", **WIDER)
    batch = made_batch()
    expected = gradients(network, batch)
    moved = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda saved: moved.append(saved.nbytes) or saved.clone(), lambda kept: kept
    ):
        torch.testing.assert_close(gradients(network, batch), expected, rtol=0, atol=0)
    assert sum(moved) > 0
    with torch.autocast("cpu", torch.bfloat16):
        halved = gradients(network, batch)
    assert all(torch.isfinite(gradient).all() for gradient in halved.values())
    norm = sum(gradient.square().sum() for gradient in expected.values()).sqrt()
    apart = sum((halved[name] - expected[name]).square().sum() for name in expected).sqrt()
    assert apart < 0.2 * norm


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("aggregation", ["messages", "dense", "streamed"])
def test_a_step_has_its_shapes_without_data(variant, aggregation):
    batch = made_batch()
    with FakeTensorMode() as mode:
        network = made_stan(variant=variant)
        for name in network.memory_parts().aggregations:
            network.get_submodule(name).aggregation = aggregation
        sized = LabelledBatch(
            *(mode.from_tensor(getattr(batch, field.name)) for field in dataclasses.fields(batch))
        )
        logits = network(sized)
        assert logits.shape == (len(batch), 1, 3)
        logits.sum().backward()
        assert all(weights.grad.shape == weights.shape for weights in network.parameters())


def test_it_learns_a_small_batch():
    network = made_stan(**WIDER)
    batch = made_batch(lengths=(12,) * 6)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    first = same_loss(network, batch).item()
    for _ in range(40):
        optimiser.zero_grad()
        same_loss(network, batch).backward()
        optimiser.step()
    assert same_loss(network, batch).item() < 0.5 * first


def test_series_of_another_number_of_regions_are_refused():
    with pytest.raises(Fault, match=r"the series have 9 regions and the network is made for 7.*regions to 9"):
        made_stan()(made_batch(regions=9))


def test_a_single_example_cannot_be_trained_with_batch_norm():
    alone = made_batch()[torch.tensor([0])]
    with pytest.raises(Fault, match="a batch of one example cannot be trained with batch norm"):
        made_stan(variant="base")(alone)
    assert torch.isfinite(made_stan(variant="base").eval()(alone)).all()
    assert torch.isfinite(made_stan(norm="layer")(alone)).all()
