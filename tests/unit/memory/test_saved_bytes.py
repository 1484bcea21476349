"""Bytes saved for the backward pass, against formulas."""

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from wattshed.memory.accounting.elsewhere import kept, moved
from wattshed.memory.accounting.saved_bytes import SavedBytes


def test_a_linear_layer_and_a_relu_save_input_and_result():
    network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    values = torch.ones(32, 8)
    with SavedBytes(network, [values]) as saved:
        loss = network(values).sum()
        assert saved.now == 32 * 16 * 4, "the ReLU's result is the next layer's input: one storage"
        loss.backward()
    assert (saved.bytes, saved.tensors) == (32 * 16 * 4, 1)
    assert saved.input_bytes == 32 * 8 * 4
    assert saved.parameter_bytes == 16 * 4 * 4, "the first layer's weight needs no gradient of the input"
    assert saved.now == 0


def test_views_of_one_storage_are_counted_once():
    value = torch.ones(10, requires_grad=True)
    with SavedBytes() as saved:
        whole = value * 1
        loss = (whole[:5].exp() * whole[5:] * whole[:5]).sum()
    # whole, the exponential, and their product.
    assert saved.bytes == 40 + 20 + 20
    del loss


def test_a_graph_that_is_dropped_saves_nothing_more():
    value = torch.ones(10, requires_grad=True)
    with SavedBytes() as saved:
        for _ in range(3):
            loss = value.exp().sum()
            del loss
    assert (saved.bytes, saved.now) == (40, 0)


def test_a_checkpoint_saves_its_input_alone():
    block = nn.Sequential(nn.Linear(8, 64), nn.GELU(), nn.Linear(64, 8))
    lift = nn.Linear(8, 8)
    values = torch.ones(4, 8)
    with SavedBytes(nn.ModuleList([block, lift]), [values]) as saved:
        loss = checkpoint(block, lift(values), use_reentrant=False).sum()
        at_end = saved.now
        loss.backward()
    assert at_end == 4 * 8 * 4


def test_hooks_inside_report_what_they_move_and_keep():
    value = torch.ones(100, requires_grad=True)

    def pack(tensor):
        if tensor.numel() > 10:
            copy = tensor.detach().clone()
            moved(copy)
            return copy
        kept(tensor)
        return tensor.detach()

    with SavedBytes() as saved, saved_tensors_hooks(pack, lambda packed: packed):
        loss = value.exp().reshape(10, 10).sum(0).exp().sum()
        assert saved.now == 40
        loss.backward()
        del loss
    assert (saved.bytes, saved.elsewhere_bytes) == (40, 400)
    assert saved.now == 0
