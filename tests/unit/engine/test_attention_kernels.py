"""Kernels of attention: one function in several ways, with masks, gradients and bytes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from wattshed.engine.attention.block import Blocks
from wattshed.engine.attention.fused import FUSED
from wattshed.engine.attention.kernel import EXPLICIT

KERNELS = {"explicit": EXPLICIT, "fused": FUSED, "blocks": Blocks(4, 1), "own_block": Blocks(3, 0)}


def inputs(length, rows=2, heads=2, channels=4, dtype=torch.float32, seed=0):
    """Queries, keys and values of one storage, as a joint projection gives them, that gradients can reach."""
    random = torch.Generator().manual_seed(seed)
    joint = torch.randn(rows, length, 3 * heads * channels, generator=random, dtype=dtype)
    query, key, value = joint.unflatten(-1, (3, heads, channels)).permute(2, 0, 3, 1, 4)
    return [one.detach().requires_grad_() for one in (query, key, value)]


def by_mask(query, key, value, allowed):
    """The formula in float64. allowed: bool [M, L, L]."""
    query, key, value = query.double(), key.double(), value.double()
    powers = torch.exp(query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5) * allowed[:, None]
    total = powers.sum(-1, keepdim=True)
    return (powers / torch.where(total > 0, total, 1.0)) @ value


def gradients_of(result, inputs):
    direction = torch.randn(result.shape, generator=torch.Generator().manual_seed(1))
    return torch.autograd.grad((result * direction).sum(), inputs)


def saved_bytes(kernel, length):
    """Bytes that the backward pass keeps, each storage once."""
    storages = {}

    def note(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        kept = kernel(*inputs(length), None, 0.0)
    del kept
    return sum(storages.values())


def test_the_plain_kernel_computes_the_formula_with_and_without_a_mask():
    own = inputs(7)
    known = torch.tensor([[True] * 7, [True, False, True, True, False, False, True]])
    everywhere = torch.ones(2, 7, 7, dtype=torch.bool)
    for mask, allowed in ((None, everywhere), (known, everywhere & known[:, None])):
        found = EXPLICIT(*own, mask, 0.0)
        torch.testing.assert_close(found.double(), by_mask(*own, allowed), rtol=1e-5, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 19), st.integers(1, 6), st.integers(0, 4), st.integers(0, 99), st.booleans())
def test_kernels_are_exact_on_their_pattern(length, block, neighbours, seed, masked):
    """Also for lengths that are no multiple of the block, and for queries that see no key."""
    known = None
    if masked:
        known = torch.rand(2, length, generator=torch.Generator().manual_seed(seed)) < 0.5
    reached = torch.ones(2, length, dtype=torch.bool) if known is None else known
    blocks = Blocks(block, neighbours)
    for kernel, pattern in (
        (FUSED, torch.ones(length, length, dtype=torch.bool)),
        (blocks, blocks.pattern(length)),
    ):
        own, others = inputs(length, seed=seed), inputs(length, seed=seed)
        found = kernel(*own, known, 0.0)
        wanted = by_mask(*others, pattern[None] & reached[:, None])
        torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-5)
        for mine, other in zip(gradients_of(found, own), gradients_of(wanted, others), strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", KERNELS)
def test_an_example_without_a_known_key_gives_zeros_and_finite_gradients(name):
    own = inputs(9)
    known = torch.tensor([[True] * 9, [False] * 9])
    found = KERNELS[name](*own, known, 0.0)
    assert torch.equal(found[1], torch.zeros_like(found[1]))
    assert float(found[0].detach().abs().min()) > 0
    for gradient in gradients_of(found, own):
        assert torch.isfinite(gradient).all()
        assert torch.equal(gradient[1], torch.zeros_like(gradient[1]))


def test_an_unknown_key_changes_nothing_whatever_it_holds():
    known = torch.tensor([[True] * 5 + [False] * 4] * 2)
    for kernel in KERNELS.values():
        query, key, value = (one.detach() for one in inputs(9))
        found = kernel(query, key, value, known, 0.0)
        key[:, :, 5:], value[:, :, 5:] = 30.0, 1e6
        assert torch.allclose(kernel(query, key, value, known, 0.0)[:, :, :5], found[:, :, :5])


def test_the_derivatives_of_blocks_are_right_in_float64():
    own = inputs(7, rows=1, heads=1, channels=2, dtype=torch.float64)
    known = torch.tensor([[True, True, False, True, True, True, False]])
    assert torch.autograd.gradcheck(lambda *ones: Blocks(2, 1)(*ones, known, 0.0), own)


def test_bytes_kept_grow_with_the_square_of_the_length_only_for_the_plain_kernel():
    growth = {name: saved_bytes(kernel, 384) / saved_bytes(kernel, 96) for name, kernel in KERNELS.items()}
    assert growth["explicit"] > 12
    assert all(3.5 < growth[name] < 4.5 for name in ("fused", "blocks", "own_block"))
    assert saved_bytes(FUSED, 384) < 0.1 * saved_bytes(EXPLICIT, 384)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_work_without_values_in_checkpoints_and_in_bf16(name):
    kernel, own = KERNELS[name], inputs(10)
    with FakeTensorMode(allow_non_fake_inputs=True):
        shaped = [torch.empty(2, 2, 10, 4, requires_grad=True) for _ in range(3)]
        result = kernel(*shaped, torch.ones(2, 10, dtype=torch.bool), 0.0)
        result.sum().backward()
        assert result.shape == (2, 2, 10, 4)
        assert all(one.grad.shape == one.shape for one in shaped)
    plain = gradients_of(kernel(*own, None, 0.0), own)
    again = gradients_of(checkpoint(kernel, *own, None, 0.0, use_reentrant=False), own)
    assert all(torch.equal(one, other) for one, other in zip(plain, again, strict=True))
    with torch.autocast("cpu", torch.bfloat16):
        rough = kernel(*own, None, 0.0)
    torch.testing.assert_close(rough.float(), kernel(*own, None, 0.0), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("name", KERNELS)
def test_dropout_of_weights_keeps_the_mean(name):
    torch.manual_seed(0)
    own = [one.detach() for one in inputs(6, rows=1)]
    mean = torch.stack([KERNELS[name](*own, None, 0.25) for _ in range(1500)]).mean(0)
    torch.testing.assert_close(mean, KERNELS[name](*own, None, 0.0), rtol=0.1, atol=0.1)
    assert not torch.equal(KERNELS[name](*own, None, 0.25), KERNELS[name](*own, None, 0.0))


def test_an_exported_program_takes_any_number_of_examples():
    class Mixed(torch.nn.Module):
        def forward(self, query, key, value):
            return Blocks(4, 1)(query, key, value, None, 0.0)

    rows = torch.export.Dim("rows", min=1)
    own = tuple(one.detach() for one in inputs(10))
    program = torch.export.export(Mixed(), own, dynamic_shapes=({0: rows},) * 3)
    more = [one.detach() for one in inputs(10, rows=5)]
    assert torch.equal(program.module()(*more), Blocks(4, 1)(*more, None, 0.0))
