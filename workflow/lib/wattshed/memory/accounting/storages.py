"""The storages behind tensors: each one once, from its first sight to its death."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

Record = TypeVar("Record")


class Storages(Generic[Record]):
    """Records of storages that are alive. Views of one storage share its record.

    Known by weak references to torch's storage objects, which live as long as the memory itself, also where only
    autograd's graph holds it. So a record ends when the memory is given back, and a later storage at the same address
    is another one. ended: called with the record then.
    """

    def __init__(self, ended: Callable[[Record], None]) -> None:
        self._ended = ended
        # By the storage's address in C++, which is unique among those alive.
        self._known: dict[int, tuple[weakref.ref[Any], Record]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, storage: torch.UntypedStorage) -> Record | None:
        known = self._known.get(storage._cdata)
        return None if known is None else known[1]

    def add(self, storage: torch.UntypedStorage, record: Record) -> None:
        """Keep a record of a storage that has none."""
        address = storage._cdata
        known = self._known

        def forget(_: Any) -> None:
            found = known.pop(address, None)
            if found is not None:
                self._ended(found[1])

        self._known[address] = weakref.ref(storage, forget), record

    def forget_all(self) -> None:
        """Storages that die later are no longer reported."""
        self._known.clear()


def plain_storages(tensor: Tensor) -> Iterable[torch.UntypedStorage]:
    """The storage of a tensor; of a sparse one those of its parts. A tensor without storage has none."""
    if tensor.layout == torch.strided:
        try:
            return (tensor.untyped_storage(),)
        except (NotImplementedError, RuntimeError):  # a tensor of a library without storage of its own
            return ()
    parts: tuple[Tensor, ...] = ()
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = (tensor.crow_indices(), tensor.col_indices(), tensor.values())
    elif tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        parts = (tensor.ccol_indices(), tensor.row_indices(), tensor.values())
    elif tensor.layout == torch.sparse_coo:
        parts = (tensor._indices(), tensor._values())
    return tuple(part.untyped_storage() for part in parts)


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of the tensors' storages, each storage once."""
    seen: dict[int, int] = {}
    # The list holds the storages, so that no two of them share an address.
    held = [storage for tensor in tensors for storage in plain_storages(tensor)]
    for storage in held:
        seen[storage._cdata] = storage.nbytes()
    return sum(seen.values())
