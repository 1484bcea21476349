"""Bytes that are alive while torch computes: their peak, and their course over the operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from wattshed.memory.accounting.elsewhere import in_host_memory, listening
from wattshed.memory.accounting.storages import Storages, plain_storages

Phase = Literal["forward", "backward", "update"]
# Of bytes without a kind of their own: activations, and what an operation needs for a moment.
ACTIVATIONS = "activations"
GRADIENTS = "gradients"


@dataclass(frozen=True)
class Point:
    """After an operation, counted from 0: bytes alive on the device, and in which phase of the step."""

    operation: int
    bytes: int
    phase: Phase
    name: str


@dataclass(slots=True)
class _Storage:
    """born, died: numbers of operations; a storage is alive from the end of one to the end of the other."""

    size: int
    born: int
    kind: str = ACTIVATIONS
    elsewhere: bool = False
    died: int | None = None
    sizes: list[tuple[int, int]] = field(default_factory=list)


class LiveBytes(TorchDispatchMode):
    """Counts storages from the operation that makes them until their memory is given back.

    Real tensors and fake ones (:class:`torch._subclasses.FakeTensorMode`, entered before this mode) are counted by the
    same code. Views share a storage, and an operation in place makes none; one that grows its storage counts as grown.
    resident: tensors that are there before, by kind (``weights``, ``optimiser``, ``batch``, ...), or without kinds.
    device: bytes on devices of another type count as host bytes, as do copies that a mechanism has registered
    (:mod:`wattshed.memory.accounting.elsewhere`); None: all bytes but those copies count as the device's.

    Not seen: what one operation of C++ takes and gives back before it ends (a work space of a product, of an LSTM, of a
    sort), memory that no tensor owns, and what the allocator keeps of freed memory.
    The phase is ``backward`` while autograd runs, recomputation included; ``update`` without gradients after it;
    ``forward`` otherwise; :meth:`phase` sets it by hand.
    """

    def __init__(
        self,
        resident: Iterable[Tensor] | Mapping[str, Iterable[Tensor]] = (),
        device: torch.device | None = None,
    ) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.host_now = self.host_peak = 0
        self.timeline: list[Point] = []
        self.peak_at = -1
        self._device_type = None if device is None else device.type
        self._every: list[_Storage] = []
        self._storages: Storages[_Storage] = Storages(self._end)
        self._asked: Phase | None = None
        self._was_backward = False
        self._marked = ExitStack()
        kinds = resident if isinstance(resident, Mapping) else {"resident": resident}
        for kind, tensors in kinds.items():
            self.add_resident(kind, tensors)

    def add_resident(self, kind: str, tensors: Iterable[Tensor]) -> None:
        """Count tensors that exist already; a storage that is known keeps its count and gets the kind."""
        for tensor in tensors:
            for storage in plain_storages(tensor):
                record = self._storages.find(storage)
                if record is None:
                    record = self._see(storage, tensor.device.type)
                record.kind = kind
        self.peak = max(self.peak, self.now)
        self.host_peak = max(self.host_peak, self.host_now)

    def watch_gradients(self, network: nn.Module) -> None:
        """Gradients of the network's weights get the kind ``gradients``. Before other hooks of the same kind, such as
        those of an optimiser in the backward pass, which may free them."""
        for parameter in network.parameters():
            if parameter.requires_grad:
                handle = parameter.register_post_accumulate_grad_hook(self._gradient)
                self._marked.callback(handle.remove)

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Operations in this block belong to this phase."""
        before, self._asked = self._asked, name
        try:
            yield
        finally:
            self._asked = before

    def at_peak(self) -> dict[str, int]:
        """Bytes alive at the peak, by kind."""
        found: dict[str, int] = {}
        for record in self._every:
            if record.elsewhere or record.born > self.peak_at:
                continue
            if record.died is not None and record.died < self.peak_at:
                continue
            # The size that it had then.
            size = next((size for since, size in reversed(record.sizes) if since <= self.peak_at), 0)
            found[record.kind] = found.get(record.kind, 0) + size
        return found

    @property
    def point_of_peak(self) -> Point | None:
        """Where the peak was first reached; None if it was never above what was resident."""
        return None if self.peak_at < 0 else self.timeline[self.peak_at]

    def moved(self, tensor: Tensor) -> None:
        for storage in plain_storages(tensor):
            record = self._storages.find(storage)
            if record is None:
                record = self._see(storage, tensor.device.type)
            if not record.elsewhere:
                self._count(record, -record.size)
                record.elsewhere = True
                self._count(record, record.size)
        self.host_peak = max(self.host_peak, self.host_now)

    def kept(self, tensor: Tensor) -> None:
        """A tensor that stays is alive as it was."""

    def __enter__(self) -> LiveBytes:
        self._marked.enter_context(listening(self))
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._marked.close()
        # Storages that die from here on do not change what was counted.
        self._storages.forget_all()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                for storage in plain_storages(value):
                    record = self._storages.find(storage)
                    if record is None:
                        self._see(storage, value.device.type)
                    elif record.size != storage.nbytes():
                        self._resize(record, storage.nbytes())
        self._note(func)
        return result

    def _note(self, func: Any) -> None:
        number = len(self.timeline)
        self.timeline.append(Point(number, self.now, self._phase(), str(func.overloadpacket)))
        if self.now > self.peak:
            self.peak, self.peak_at = self.now, number
        self.host_peak = max(self.host_peak, self.host_now)

    def _phase(self) -> Phase:
        if self._asked is not None:
            return self._asked
        if torch._C._current_graph_task_id() != -1:
            self._was_backward = True
            return "backward"
        if self._was_backward and not torch.is_grad_enabled():
            return "update"
        return "forward"

    def _see(self, storage: torch.UntypedStorage, device_type: str) -> _Storage:
        size, number = storage.nbytes(), len(self.timeline)
        record = _Storage(size, number, sizes=[(number, size)])
        other_device = self._device_type is not None and device_type != self._device_type
        record.elsewhere = other_device or in_host_memory()
        self._every.append(record)
        self._storages.add(storage, record)
        self._count(record, size)
        return record

    def _resize(self, record: _Storage, size: int) -> None:
        self._count(record, size - record.size)
        record.size = size
        record.sizes.append((len(self.timeline), size))

    def _end(self, record: _Storage) -> None:
        # It was still alive when the last operation ended.
        record.died = len(self.timeline) - 1
        self._count(record, -record.size)

    def _count(self, record: _Storage, change: int) -> None:
        if record.elsewhere:
            self.host_now += change
        else:
            self.now += change

    def _gradient(self, parameter: Tensor) -> None:
        if parameter.grad is not None:
            for storage in plain_storages(parameter.grad):
                record = self._storages.find(storage)
                if record is not None:
                    record.kind = GRADIENTS
