"""Activations that wait elsewhere, and parts that are computed again, on small modules of torch."""

import copy
import errno
import gc
import os
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from wattshed.forecast.network import MemoryParts, Network
from wattshed.foundation.faults import Fault
from wattshed.memory.accounting.elsewhere import listening
from wattshed.memory.gradients import Gradients
from wattshed.memory.mechanisms.checkpointing import CheckpointingBlock
from wattshed.memory.mechanisms.kept_elsewhere import kept_elsewhere
from wattshed.memory.mechanisms.offloaded_gradients import OffloadedGradients
from wattshed.memory.mechanisms.recomputing import recompute
from wattshed.memory.mechanisms.released_gradients import ReleasedGradients
from wattshed.training.step.eager_adamw import EagerAdamW
from wattshed.training.step.precision import Precision

TARGETS = pytest.mark.parametrize("to_file", [False, True])


class Heard:
    """What a count of bytes is told."""

    def __init__(self):
        self.copies, self.left = [], []

    def moved(self, tensor):
        self.copies.append(tensor)

    def kept(self, tensor):
        self.left.append(tensor)


def gradients(function, *leaves, minimum=0, to_file=False, prefetch=2):
    """With and without moving."""
    for leaf in leaves:
        leaf.grad = None
    function(*leaves).sum().backward()
    wanted = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    with kept_elsewhere(minimum, to_file=to_file, prefetch=prefetch):
        function(*leaves).sum().backward()
    return [leaf.grad for leaf in leaves], wanted


@TARGETS
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_all_kinds_of_views_come_back_as_they_were(to_file, dtype):
    leaf = torch.randn(6, 8, dtype=dtype, requires_grad=True)
    mask = torch.rand(4, 6) > 0.5

    def function(values):
        whole = values.exp()
        left, right = whole.split(4, dim=1)
        crossed = (left.T @ right).square() * (right[::2].expand(2, 3, 4).sum(0).sin().sum())
        # As torch's recurrent layers do it: each part counts its changes, not those of the other one.
        parts = (2 * values).unsafe_chunk(2, dim=1)
        gates = parts[0].tanh_() * parts[1].sigmoid_()
        chosen = torch.where(mask.T[:, :4], gates.cos(), whole[:, 4:].log())
        return crossed.sum() + chosen.sum() + (whole.T * whole.T).sum()

    found, wanted = gradients(function, leaf, to_file=to_file)
    assert torch.equal(found[0], wanted[0])


@given(st.integers(0, 2**16), st.integers(0, 400), st.booleans(), st.integers(0, 3))
def test_any_threshold_and_prefetch_give_the_same_gradients(seed, minimum, to_file, prefetch):
    random = torch.Generator().manual_seed(seed)
    leaf = torch.randn(3, 5, generator=random).requires_grad_()

    def function(values):
        return values.sigmoid().matmul(values.T.tanh()).softmax(-1).log()

    found, wanted = gradients(function, leaf, minimum=minimum, to_file=to_file, prefetch=prefetch)
    assert torch.equal(found[0], wanted[0])


@TARGETS
def test_activations_are_freed_between_the_passes(to_file):
    layer = nn.Linear(64, 64)
    freed = []
    with kept_elsewhere(64 * 64 * 4, to_file=to_file, prefetch=0):
        hidden = layer(torch.randn(64, 64)).relu()
        inner = hidden.exp()
        freed = [weakref.ref(one.untyped_storage()) for one in (hidden, inner)]
        loss = inner.square().sum()
        del hidden, inner
        gc.collect()
        assert [one() for one in freed] == [None, None]
        loss.backward()
    assert layer.weight.grad is not None


def test_weights_small_values_and_views_of_long_series_stay():
    series, heard = torch.randn(1000, 8), Heard()
    layer = nn.Linear(8, 8)
    with listening(heard), kept_elsewhere(200, to_file=False, prefetch=0):
        (layer(layer(series[:10])) * torch.ones(3, 1, 8)).tanh().sum().backward()
    kept = {one.untyped_storage().data_ptr() for one in heard.left}
    assert layer.weight.untyped_storage().data_ptr() in kept
    assert series.untyped_storage().data_ptr() in kept
    assert heard.copies
    assert all(copied.numel() * 4 >= 200 for copied in heard.copies)


def test_what_is_saved_twice_is_copied_once():
    heard = Heard()
    with listening(heard), kept_elsewhere(0, to_file=False, prefetch=0):
        values = torch.randn(5, 5, requires_grad=True).exp()
        (values.sin() + values.cos()).sum().backward()
    assert len(heard.copies) == 1


def test_a_full_disk_is_one_sentence(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with (
        pytest.raises(Fault, match=r"kept in a file in .*No space left on device.*TMPDIR"),
        kept_elsewhere(0, to_file=True, prefetch=0),
    ):
        torch.randn(5, 5, requires_grad=True).exp().sum().backward()


def test_the_file_goes_with_the_last_activation(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with kept_elsewhere(0, to_file=True, prefetch=0):
        loss = torch.randn(5, 5, requires_grad=True).exp().sum()
        opened = [os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if _exists(one)]
        assert any(str(tmp_path) in name for name in opened)
        assert list(tmp_path.iterdir()) == []
        loss.backward()
    del loss
    gc.collect()
    opened = [os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if _exists(one)]
    assert not any(str(tmp_path) in name for name in opened)


def _exists(descriptor):
    return os.path.lexists(f"/proc/self/fd/{descriptor}")


class Parts(Network):
    """Two parts with dropout and batch normalisation, one layer of which is used twice."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.shared = nn.Linear(6, 6)
        inner = [
            nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3)) for _ in range(2)
        ]
        self.inner = nn.ModuleList(inner)

    def forward(self, values):
        for part in self.inner:
            values = part(self.shared(values))
        return self.shared(values)

    def memory_parts(self):
        return MemoryParts(recomputed={"graph": ("inner.0", "inner.1")})


def three_steps(network, gradients_of=Gradients):
    optimiser = EagerAdamW(network.parameters(), lr=1e-2, fused=True)
    kept = gradients_of(network, optimiser)
    torch.manual_seed(2)
    network.train()
    for _ in range(3):
        with kept.collecting():
            network(torch.randn(7, 6)).square().mean().backward()
        assert torch.isfinite(kept.update(None, Precision()))
    return network.state_dict()


def same(first, second):
    return all(torch.equal(one, second[name]) for name, one in first.items())


@pytest.mark.parametrize("products", [False, True])
def test_running_statistics_and_random_numbers_are_those_of_one_forward_pass(products):
    wanted = three_steps(Parts())
    network = Parts()
    recompute(network, [], keeps_products=products, chunk_steps=0)
    recompute(network, ["graph"], keeps_products=products, chunk_steps=0)
    found = three_steps(network)
    assert same(found, wanted)
    assert int(found["inner.0.1.num_batches_tracked"]) == 3


def test_parts_keep_less_for_the_backward_pass_and_a_copy_computes_its_own():
    def saved(network):
        sizes = []
        network.train()
        with torch.autograd.graph.saved_tensors_hooks(
            lambda one: sizes.append(one.numel()) or one, lambda one: one
        ):
            network(torch.randn(50, 6))
        return sum(sizes)

    network = Parts()
    plain = saved(network)
    recompute(network, [], keeps_products=False, chunk_steps=0)
    assert saved(network) < 0.7 * plain
    copied = copy.deepcopy(network)
    assert copied.inner[0].forward._module is copied.inner[0]
    assert list(copied.state_dict()) == list(Parts().state_dict())


@pytest.mark.parametrize("gradients_of", [ReleasedGradients, OffloadedGradients])
def test_a_weight_that_is_used_twice_is_updated_once(gradients_of):
    assert same(three_steps(Parts(), gradients_of), three_steps(Parts()))
    network = Parts()
    recompute(network, [], keeps_products=False, chunk_steps=0)
    assert same(three_steps(network, gradients_of), three_steps(Parts()))


def test_at_most_one_gradient_is_alive_while_they_are_released():
    network, alive = Parts(), []
    optimiser = EagerAdamW(network.parameters(), lr=1e-2, fused=True)
    one = optimiser.step_one

    def watched(parameter):
        alive.append(sum(weight.grad is not None for weight in network.parameters()))
        one(parameter)

    optimiser.step_one = watched
    with ReleasedGradients(network, optimiser).collecting():
        network.train()(torch.randn(7, 6)).square().mean().backward()
    assert alive == [1] * len(list(network.parameters()))


def test_memory_that_runs_out_in_the_middle_of_an_update_is_a_fault():
    """Otherwise the step would be done again, and some weights updated twice."""

    def out(gradient):
        raise torch.OutOfMemoryError("CUDA out of memory")

    for weight, expected in (("inner.0.0.weight", Fault), ("shared.bias", Fault)):
        network = Parts()
        network.get_parameter(weight).register_hook(out)
        with pytest.raises(expected, match="in the middle of an update, after"):
            three_steps(network, ReleasedGradients)
    network = Parts()
    network.shared.register_full_backward_hook(lambda *_: out(None))
    with pytest.raises(torch.OutOfMemoryError):
        three_steps(network, ReleasedGradients)


def test_an_optimiser_without_single_updates_is_refused_or_gets_all_gradients():
    network = Parts()
    descent = torch.optim.SGD(network.parameters(), lr=0.1)
    with pytest.raises(Fault, match="SGD does not offer"):
        ReleasedGradients(network, descent)
    kept = OffloadedGradients(network, descent)
    before = copy.deepcopy(network.state_dict())
    with kept.collecting():
        network(torch.randn(7, 6)).square().mean().backward()
        assert all(weight.grad is None for weight in network.parameters())
    kept.update(0.1, Precision())
    assert not same(network.state_dict(), before)


def test_the_earlier_name_of_a_chunks_length_is_read():
    assert CheckpointingBlock.model_validate({"chunk_h": 5}) == CheckpointingBlock(chunk_steps=5)
    with pytest.raises(ValidationError, match="chunk_h"):
        CheckpointingBlock.model_validate({"chunk_h": 5, "chunk_steps": 5})
