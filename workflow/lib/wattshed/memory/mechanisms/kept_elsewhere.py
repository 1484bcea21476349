"""Saved-tensor hooks that keep activations outside of the device's memory until the backward pass asks for them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef

from wattshed.memory.accounting.elsewhere import kept
from wattshed.memory.mechanisms.away import Away, Keeper, keeper_of

# A view of a storage so much larger than itself, such as one window of a whole series, frees nothing if it moves.
LARGEST_STORAGE = 4


@dataclass
class Packed:
    """One saved tensor: a view of a storage that is away."""

    away: Away
    size: torch.Size
    stride: tuple[int, ...]
    offset: int
    dtype: torch.dtype

    def unpack(self) -> Tensor:
        whole = self.away.back()
        values = whole[: len(whole) // self.dtype.itemsize * self.dtype.itemsize].view(self.dtype)
        return values.as_strided(self.size, self.stride, self.offset)


class _Moving:
    """The saved tensors of one forward and backward pass; each storage moves once."""

    def __init__(self, minimum_bytes: int, keeper: Keeper, prefetch: int) -> None:
        self._minimum = minimum_bytes
        self._keeper = keeper
        self._prefetch = prefetch
        # By the storage and the number of changes in place. A weak reference keeps its address from being used again.
        self._known: dict[tuple[int, int], tuple[StorageWeakRef, weakref.ref[Away]]] = {}
        # In the order of the forward pass.
        self._order: list[weakref.ref[Away]] = []

    def pack(self, tensor: Tensor) -> Tensor | Packed:
        if not self._moves(tensor):
            kept(tensor)
            return tensor
        storage = tensor.untyped_storage()
        key = (storage._cdata, tensor._version)
        known = self._known.get(key)
        away = None if known is None else known[1]()
        if away is None:
            away = self._keeper.put(tensor, len(self._order))
            reference = weakref.ref(away)
            self._known[key] = (StorageWeakRef(storage), reference)
            self._order.append(reference)
        away.uses += 1
        return Packed(away, tensor.size(), tensor.stride(), tensor.storage_offset(), tensor.dtype)

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
        # Its storage holds nothing that can be moved as bytes, or belongs to weights, which stay.
        whole = tensor if tensor._base is None else tensor._base
        if isinstance(whole, nn.Parameter) or (whole.is_leaf and whole.requires_grad):
            return False
        return tensor.untyped_storage().nbytes() <= LARGEST_STORAGE * own_bytes and not tensor.is_conj()


@contextmanager
def kept_elsewhere(minimum_bytes: int, *, to_file: bool, prefetch: int) -> Iterator[None]:
    """Saved tensors of at least ``minimum_bytes`` leave their device in this block, and come back when they are used.

    Both passes of a batch belong into the block. Raises :class:`Fault` if the disk is full.
    """
    moving = _Moving(minimum_bytes, keeper_of(to_file=to_file), prefetch)
    with torch.autograd.graph.saved_tensors_hooks(moving.pack, moving.unpack):
        yield
