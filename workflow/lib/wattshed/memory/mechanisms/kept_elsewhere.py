"""Saved-tensor hooks that keep activations outside of the device's memory until the backward pass asks for them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef

from wattshed.memory.accounting.elsewhere import kept
from wattshed.memory.mechanisms.away import Away, Keeper, keeper_of

# A view of a storage so much larger than itself, such as one window of a whole series, frees nothing if it moves.
LARGEST_STORAGE = 4


@dataclass
class Packed:
    """A saved tensor that is away, with the strides that it had: kernels may add up in another order for others."""

    away: Away
    size: torch.Size
    stride: tuple[int, ...]
    dense: bool

    def unpack(self) -> Tensor:
        values = self.away.back()
        if self.dense:
            return values.as_strided(self.size, self.stride)
        return torch.empty_strided(self.size, self.stride, dtype=values.dtype, device=values.device).copy_(
            values.view(self.size)
        )


class _Moving:
    """The saved tensors of one forward and backward pass; one that is saved several times moves once."""

    def __init__(self, minimum_bytes: int, keeper: Keeper, prefetch: int) -> None:
        self._minimum = minimum_bytes
        self._keeper = keeper
        self._prefetch = prefetch
        # By the place in a storage and the number of changes there. Views that torch's own layers make of one storage
        # may count their changes apart, so that two of them never share a copy. A weak reference keeps the storage's
        # address from being used again.
        self._known: dict[Any, tuple[StorageWeakRef, weakref.ref[Away]]] = {}
        # In the order of the forward pass.
        self._order: list[weakref.ref[Away]] = []

    @torch.no_grad()
    def pack(self, tensor: Tensor) -> Tensor | Packed:
        if not self._moves(tensor):
            kept(tensor)
            return tensor
        storage = tensor.untyped_storage()
        size, stride = tensor.size(), tensor.stride()
        key = (storage._cdata, tensor._version, tensor.storage_offset(), size, stride, tensor.dtype)
        known = self._known.get(key)
        away = None if known is None else known[1]()
        dense = _extent(size, stride) == tensor.numel()
        if away is None:
            flat = tensor.as_strided((tensor.numel(),), (1,)) if dense else tensor.flatten()
            away = self._keeper.put(flat, len(self._order))
            reference = weakref.ref(away)
            self._known[key] = (StorageWeakRef(storage), reference)
            self._order.append(reference)
        away.uses += 1
        return Packed(away, size, stride, dense)

    @torch.no_grad()
    def unpack(self, saved: Tensor | Packed) -> Tensor:
        if isinstance(saved, Tensor):
            return saved
        first = saved.away.number
        result = saved.unpack()
        for reference in reversed(self._order[max(0, first - self._prefetch) : first]):
            if (next_one := reference()) is not None:
                next_one.fetch()
        return result

    def _moves(self, tensor: Tensor) -> bool:
        own_bytes = tensor.numel() * tensor.element_size()
        if tensor.layout != torch.strided or own_bytes < max(self._minimum, 1):
            return False
        # What belongs to weights stays.
        whole = tensor if tensor._base is None else tensor._base
        if isinstance(whole, nn.Parameter) or (whole.is_leaf and whole.requires_grad):
            return False
        if tensor.is_conj() or _extent(tensor.size(), tensor.stride()) is None:
            return False
        return tensor.untyped_storage().nbytes() <= LARGEST_STORAGE * own_bytes


def _extent(size: torch.Size, stride: tuple[int, ...]) -> int | None:
    """Elements from the first to the last one in memory; None if several of a tensor's elements share a place."""
    extent = 1
    for step, count in sorted((step, count) for step, count in zip(stride, size, strict=True) if count > 1):
        if step < extent:
            return None
        extent += (count - 1) * step
    return extent


@contextmanager
def kept_elsewhere(minimum_bytes: int, *, to_file: bool, prefetch: int) -> Iterator[None]:
    """Saved tensors of at least ``minimum_bytes`` leave their device in this block, and come back when they are used.

    Both passes of a batch belong into the block. Raises :class:`Fault` if the disk is full.
    """
    # A file is read where its values are asked for: what is read ahead would only wait in memory.
    moving = _Moving(minimum_bytes, keeper_of(to_file=to_file), 0 if to_file else prefetch)
    with torch.autograd.graph.saved_tensors_hooks(moving.pack, moving.unpack):
        yield
