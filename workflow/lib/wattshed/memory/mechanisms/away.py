"""Where values wait that left their device: host memory, or an unlinked temporary file."""

from __future__ import annotations

import os
import sys
import tempfile
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from wattshed.foundation.faults import Fault
from wattshed.memory.accounting.elsewhere import host_memory, moved


class Away(ABC):
    """Values that wait elsewhere. uses: how many saved tensors they are; number: their place in the order in which
    values left."""

    def __init__(self, number: int, device: torch.device) -> None:
        self.uses = 0
        self.number = number
        self._device = device
        self._here: Tensor | None = None
        self._given = 0

    def fetch(self) -> None:
        """Begin to bring them back."""
        if self._here is None:
            self._here = self._bring()

    def back(self) -> Tensor:
        """The values on the device, flat; the same tensor until all saved tensors have asked for it."""
        self.fetch()
        here = self._here
        assert here is not None
        self._wait(here)
        self._given += 1
        if self._given % self.uses == 0:
            self._here = None
        return here

    @abstractmethod
    def _bring(self) -> Tensor: ...

    def _wait(self, here: Tensor) -> None:  # noqa: B027 (optional)
        """Until what :meth:`_bring` began is done."""


class Keeper(ABC):
    """Takes values away."""

    @abstractmethod
    def put(self, tensor: Tensor, number: int) -> Away:
        """A copy of a flat tensor, which the caller then lets go of."""


def keeper_of(*, to_file: bool) -> Keeper:
    return Disk() if to_file else Host()


def _has_only_size(tensor: Tensor) -> bool:
    """Whether the tensor has no values, because its step is predicted and not computed."""
    # Without the module, whose import takes a while, there is no such tensor.
    fake = sys.modules.get("torch._subclasses.fake_tensor")
    return fake is not None and isinstance(tensor, fake.FakeTensor)


class Host(Keeper):
    """Pinned host memory. On a GPU both copies run on a stream of their own, beside the computation."""

    def __init__(self) -> None:
        self._stream: Any = None

    def put(self, tensor: Tensor, number: int) -> Away:
        on_gpu = tensor.is_cuda and not _has_only_size(tensor)
        with host_memory():
            waiting = torch.empty_like(tensor, device="cpu", pin_memory=on_gpu)
        moved(waiting)
        if not on_gpu:
            waiting.copy_(tensor)
            return _InHost(number, tensor.device, waiting, None)
        if self._stream is None:
            self._stream = torch.cuda.Stream(tensor.device)
        self._stream.wait_stream(torch.cuda.current_stream(tensor.device))
        with torch.cuda.stream(self._stream):
            waiting.copy_(tensor, non_blocking=True)
        # Its memory is not given to others before the copy is done.
        tensor.record_stream(self._stream)
        return _InHost(number, tensor.device, waiting, self._stream)


class _InHost(Away):
    def __init__(self, number: int, device: torch.device, waiting: Tensor, stream: Any) -> None:
        super().__init__(number, device)
        self._waiting = waiting
        self._stream = stream

    def _bring(self) -> Tensor:
        if self._stream is None:
            return self._waiting.to(self._device, copy=True)
        # The stream's copies run in their order: what left has arrived before it comes back.
        with torch.cuda.stream(self._stream):
            return self._waiting.to(self._device, non_blocking=True)

    def _wait(self, here: Tensor) -> None:
        if self._stream is not None:
            now = torch.cuda.current_stream(self._device)
            now.wait_stream(self._stream)
            here.record_stream(now)


class Disk(Keeper):
    """One temporary file without a name, in the folder that ``TMPDIR`` names; it goes with its last storage."""

    def __init__(self) -> None:
        self._file: Any = None
        self._end = 0

    def put(self, tensor: Tensor, number: int) -> Away:
        if _has_only_size(tensor):
            return _OnlySize(number, tensor)
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="wattshed-activations-")  # noqa: SIM115 (its storages close it)
        begin = self._end
        values: Any = tensor.contiguous().view(torch.uint8).cpu().numpy()
        content = memoryview(values)
        _write(self._file.fileno(), content, begin)
        self._end = begin + len(content)
        return _InFile(number, tensor, self._file, begin, len(content))


def _write(descriptor: int, content: memoryview, place: int) -> None:
    """Written, not mapped: a full disk is then an error, and not the end of the process."""
    try:
        while content:
            written = os.pwrite(descriptor, content, place)
            content, place = content[written:], place + written
    except OSError as error:
        raise Fault(
            f"activations cannot be kept in a file in {tempfile.gettempdir()} ({error.strerror}): expected room for "
            "those of one batch; free space there, name another folder with TMPDIR, or lower the recipe's batch."
        ) from error


class _InFile(Away):
    def __init__(self, number: int, tensor: Tensor, file: Any, begin: int, size: int) -> None:
        super().__init__(number, tensor.device)
        self._dtype = tensor.dtype
        self._file, self._begin, self._size = file, begin, size

    def _bring(self) -> Tensor:
        # Read and not mapped: pages of a mapping are memory too, and no count of tensors would see them.
        values = torch.empty(self._size // self._dtype.itemsize, dtype=self._dtype)
        numbers: Any = values.view(torch.uint8).numpy()
        content = memoryview(numbers)
        place = self._begin
        while content:
            count = os.preadv(self._file.fileno(), [content], place)
            if not count:
                raise Fault(
                    f"the file of activations in {tempfile.gettempdir()} is shorter than what was written to it: "
                    "expected a file that only this training changes; name another folder with TMPDIR."
                )
            content, place = content[count:], place + count
        return values.to(self._device)


class _OnlySize(Away):
    """Of a tensor without values, whose step is predicted and not computed."""

    def __init__(self, number: int, tensor: Tensor) -> None:
        super().__init__(number, tensor.device)
        self._count, self._dtype = tensor.numel(), tensor.dtype

    def _bring(self) -> Tensor:
        return torch.empty(self._count, dtype=self._dtype, device=self._device)
