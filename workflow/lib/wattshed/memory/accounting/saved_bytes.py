"""Bytes that autograd saves for the backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from wattshed.memory.accounting.elsewhere import listening
from wattshed.memory.accounting.storages import Storages, plain_storages


@dataclass(slots=True)
class _Saved:
    size: int
    holders: int = 0


class _Held:
    """What a graph holds in place of a saved tensor; it ends with the graph, or with the backward pass."""

    __slots__ = ("_owner", "tensor")

    def __init__(self, owner: SavedBytes, tensor: Tensor) -> None:
        self._owner = owner
        # Without the graph: else a node that saves its own output would hold itself.
        self.tensor = tensor.detach()

    def __del__(self) -> None:
        self._owner._let_go(self.tensor)


class SavedBytes:
    """Counts, in its block, what graphs hold for their backward pass; each storage once.

    bytes, tensors: the most that was saved at once, of storages that are neither the network's weights and buffers nor
    inputs; parameter_bytes, input_bytes: the most of those. elsewhere_bytes: copies outside of the device, which a
    mechanism registered. Hooks inside of these, such as those of checkpoints, hide from the count what they keep in
    another form; a checkpoint's own inputs are saved outside of it and counted. What a function of Python
    keeps as attributes, as the fused kernels do, is not seen.
    """

    def __init__(self, network: nn.Module | None = None, inputs: Iterable[Tensor] = ()) -> None:
        self.bytes = self.tensors = 0
        self.parameter_bytes = self.input_bytes = self.elsewhere_bytes = 0
        self._now = {"saved": 0, "parameters": 0, "inputs": 0, "elsewhere": 0}
        self._count = 0
        self._kinds: Storages[str] = Storages(lambda _: None)
        self._saved: Storages[_Saved] = Storages(lambda _: None)
        self._copies: Storages[int] = Storages(self._copy_ends)
        own = () if network is None else (*network.parameters(), *network.buffers())
        for kind, tensors in (("parameters", own), ("inputs", inputs)):
            for tensor in tensors:
                for storage in plain_storages(tensor):
                    if self._kinds.find(storage) is None:
                        self._kinds.add(storage, kind)
        self._open = ExitStack()

    @property
    def now(self) -> int:
        """Bytes saved at this moment, as ``bytes`` counts them."""
        return self._now["saved"]

    def __enter__(self) -> SavedBytes:
        self._open.enter_context(listening(self))
        self._open.enter_context(saved_tensors_hooks(self._pack, _unpack))
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.close()

    def moved(self, tensor: Tensor) -> None:
        for storage in plain_storages(tensor):
            if self._copies.find(storage) is None:
                self._copies.add(storage, storage.nbytes())
                self._now["elsewhere"] += storage.nbytes()
        self.elsewhere_bytes = max(self.elsewhere_bytes, self._now["elsewhere"])

    def kept(self, tensor: Tensor) -> None:
        """Saved by hooks inside of these: held until its storage ends."""
        for storage in plain_storages(tensor):
            if self._kinds.find(storage) is None and self._copies.find(storage) is None:
                # A tensor that these hooks hold as well is counted once.
                known = self._saved.find(storage)
                if known is None or not known.holders:
                    self._copies.add(storage, -storage.nbytes())
                    self._change("saved", storage.nbytes())

    def _pack(self, tensor: Tensor) -> _Held:
        for storage in plain_storages(tensor):
            saved = self._saved.find(storage)
            if saved is None:
                saved = _Saved(storage.nbytes())
                self._saved.add(storage, saved)
            saved.holders += 1
            if saved.holders == 1 and self._copies.find(storage) is None:
                self._change(self._kinds.find(storage) or "saved", saved.size)
        return _Held(self, tensor)

    def _let_go(self, tensor: Tensor) -> None:
        for storage in plain_storages(tensor):
            saved = self._saved.find(storage)
            if saved is None:
                continue
            saved.holders -= 1
            if saved.holders == 0 and self._copies.find(storage) is None:
                self._change(self._kinds.find(storage) or "saved", -saved.size)

    def _copy_ends(self, size: int) -> None:
        if size >= 0:
            self._now["elsewhere"] -= size
        else:
            self._change("saved", size)

    def _change(self, kind: str, size: int) -> None:
        self._now[kind] += size
        if kind == "saved":
            self._count += 1 if size > 0 else -1
            if self._now[kind] > self.bytes:
                self.bytes, self.tensors = self._now[kind], self._count
        self.parameter_bytes = max(self.parameter_bytes, self._now["parameters"])
        self.input_bytes = max(self.input_bytes, self._now["inputs"])


def _unpack(held: _Held) -> Tensor:
    return held.tensor
