"""Kernels of graph attention: the same sums over edges in several ways."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from wattshed.engine.aggregation import kernels, streamed
from wattshed.engine.aggregation.kernels import KERNELS


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Several chunks also on small graphs; the last one is not full."""
    monkeypatch.setattr(streamed, "CHUNK_BYTES", 4 * 2 * 3 * 5)


def graph(examples=2, nodes=5, edges=13, heads=2, channels=3, dtype=torch.float32, seed=0):
    """Values, sources, targets, weights and which edges count. Edges may be given twice."""
    random = torch.Generator().manual_seed(seed)
    values = torch.randn(examples, nodes, heads, channels, generator=random, dtype=dtype)
    sources, targets = torch.randint(max(nodes, 1), (2, examples, edges), generator=random)
    weights = torch.rand(examples, edges, heads, generator=random, dtype=dtype)
    kept = torch.rand(examples, edges, generator=random) < 0.7
    return values.requires_grad_(), sources, targets, weights.requires_grad_(), kept


def edge_by_edge(values, sources, targets, weights, kept):
    sums = torch.zeros_like(values)
    for example in range(sources.shape[0]):
        for edge in range(sources.shape[1]):
            if kept is None or kept[example, edge]:
                source, target = int(sources[example, edge]), int(targets[example, edge])
                message = values[example, source] * weights[example, edge][:, None]
                sums = sums.index_put((torch.tensor(example), torch.tensor(target)), message, accumulate=True)
    return sums


def gradients_of(sums, values, weights):
    direction = torch.randn(sums.shape, generator=torch.Generator().manual_seed(1), dtype=sums.dtype)
    return torch.autograd.grad((sums * direction).sum(), (values, weights))


@settings(max_examples=20, deadline=None)
@given(
    *(st.integers(1, high) for high in (3, 6)),
    st.integers(0, 12),
    *(st.integers(1, 3),) * 2,
    st.integers(0, 99),
)
def test_all_kernels_give_the_sums_and_gradients_of_every_single_edge(
    examples, nodes, edges, heads, channels, seed
):
    values, sources, targets, weights, kept = graph(
        examples, nodes, edges, heads, channels, torch.float64, seed
    )
    for chosen in (None, kept):
        wanted = edge_by_edge(values, sources, targets, weights, chosen)
        expected = (
            gradients_of(wanted, values, weights)
            if wanted.requires_grad
            else (torch.zeros_like(values), torch.zeros_like(weights))
        )
        for kernel in KERNELS.values():
            found = kernel(values, sources, targets, weights, chosen)
            assert found.shape == values.shape
            torch.testing.assert_close(found, wanted)
            for mine, other in zip(gradients_of(found, values, weights), expected, strict=True):
                torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("name", KERNELS)
def test_the_derivatives_are_right(name):
    values, sources, targets, weights, kept = graph(edges=7, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda one, other: KERNELS[name](one, sources, targets, other, kept), (values, weights)
    )


@pytest.mark.parametrize("name", KERNELS)
def test_a_node_without_edges_and_a_graph_without_edges_give_zeros(name):
    values, sources, _, weights, _ = graph()
    found = KERNELS[name](values, sources, torch.full_like(sources, 3), weights, None)
    assert torch.equal(found[:, [0, 1, 2, 4]], torch.zeros(2, 4, 2, 3))
    none = weights.detach()[:, :0].requires_grad_()
    empty = KERNELS[name](values, sources[:, :0], sources[:, :0], none, None)
    assert torch.equal(empty, torch.zeros_like(values))
    assert torch.equal(gradients_of(empty, values, none)[0], torch.zeros_like(values))


@pytest.mark.parametrize("name", KERNELS)
def test_an_edge_that_does_not_count_may_have_any_weight(name):
    values, sources, targets, weights, kept = graph()
    spoilt = weights.detach().masked_fill(~kept[..., None], float("nan")).requires_grad_()
    found = KERNELS[name](values, sources, targets, spoilt, kept)
    assert torch.allclose(found, KERNELS["messages"](values, sources, targets, weights, kept))
    of_values, of_weights = gradients_of(found, values, spoilt)
    assert torch.isfinite(of_values).all()
    assert torch.equal(of_weights[~kept], torch.zeros_like(of_weights[~kept]))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("fixed", ["values", "weights"])
def test_a_gradient_of_one_input_alone_is_the_same(name, fixed):
    values, sources, targets, weights, kept = graph()
    both = gradients_of(KERNELS[name](values, sources, targets, weights, kept), values, weights)
    given = {"values": values, "weights": weights}
    given[fixed] = given[fixed].detach()
    free = "weights" if fixed == "values" else "values"
    sums = KERNELS[name](given["values"], sources, targets, given["weights"], kept)
    direction = torch.randn(sums.shape, generator=torch.Generator().manual_seed(1))
    (alone,) = torch.autograd.grad((sums * direction).sum(), [given[free]])
    assert torch.equal(alone, both[0 if free == "values" else 1])


def largest_kept(name, edges, channels):
    """The largest tensor that the backward pass keeps, in values."""
    found = [0]

    def note(tensor):
        found.append(tensor.numel())
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        kept = KERNELS[name](*graph(edges=edges, channels=channels)[:4], None)
    del kept
    return max(found)


def test_only_the_plain_kernel_keeps_a_message_for_each_edge():
    messages = 2 * 60 * 2 * 16
    assert largest_kept("messages", 60, 16) == messages
    assert largest_kept("dense", 60, 16) < messages / 4
    assert largest_kept("streamed", 60, 16) < messages / 4


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_work_without_values_in_checkpoints_and_in_bf16(name):
    values, sources, targets, weights, kept = graph()
    with FakeTensorMode(allow_non_fake_inputs=True):
        shaped = torch.empty(2, 5, 2, 3, requires_grad=True), torch.empty(2, 13, 2, requires_grad=True)
        places = torch.empty(2, 13, dtype=torch.int64)
        sums = KERNELS[name](shaped[0], places, places, shaped[1], None)
        sums.sum().backward()
        assert sums.shape == shaped[0].shape
        assert all(one.grad.shape == one.shape for one in shaped)
    own = values, sources, targets, weights, kept
    plain = gradients_of(KERNELS[name](*own), values, weights)
    again = gradients_of(checkpoint(KERNELS[name], *own, use_reentrant=False), values, weights)
    assert all(torch.equal(one, other) for one, other in zip(plain, again, strict=True))
    with torch.autocast("cpu", torch.bfloat16):
        rough = KERNELS[name](values.bfloat16(), sources, targets, weights, kept)
    rough.float().sum().backward()
    torch.testing.assert_close(rough.float(), KERNELS[name](*own), rtol=0.05, atol=0.05)


def test_the_choice_is_by_the_share_of_pairs_that_are_edges(monkeypatch):
    for name in ("dense", "streamed"):
        monkeypatch.setattr(kernels, name, lambda *_, name=name: name)
    values, sources, targets, weights, _ = graph(nodes=16, edges=16)
    assert kernels.auto(values, sources, targets, weights) == "dense"
    assert kernels.auto(values, sources[:, :15], targets[:, :15], weights[:, :15]) == "streamed"
