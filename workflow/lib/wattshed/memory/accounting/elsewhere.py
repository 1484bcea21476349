"""How a mechanism that moves tensors tells the counts of bytes about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from torch import Tensor


class Listener(Protocol):
    """A count of bytes, while it counts."""

    def moved(self, tensor: Tensor) -> None:
        """The tensor is a copy that lies in host memory, or in a file, in place of one on the device."""
        ...

    def kept(self, tensor: Tensor) -> None:
        """Hooks of a mechanism have left this saved tensor as it is."""
        ...


_listeners: list[Listener] = []
# How many blocks of :func:`host_memory` are open.
_host_blocks = 0


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """The listener is told of moved and kept tensors in this block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        # By identity: listeners may be equal to one another.
        place = next(place for place, one in enumerate(_listeners) if one is listener)
        del _listeners[place]


@contextmanager
def host_memory() -> Iterator[None]:
    """Tensors that operations make in this block lie in host memory, though they may say another device."""
    global _host_blocks
    _host_blocks += 1
    try:
        yield
    finally:
        _host_blocks -= 1


def in_host_memory() -> bool:
    return _host_blocks > 0


def moved(copy: Tensor) -> None:
    """Called by a mechanism for each copy that it makes outside of the device: its bytes are the host's.

    On a processor both lie in the same memory; the count then says what a GPU would hold. Made inside of
    :func:`host_memory`, the copy is the host's from the start, and not for one operation the device's.
    """
    for listener in tuple(_listeners):
        listener.moved(copy)


def kept(tensor: Tensor) -> None:
    """Called by a mechanism's hooks for saved tensors for a backward pass for each tensor that they do not move: the
    hooks of an outer count do not see it, because torch calls only the innermost ones."""
    for listener in tuple(_listeners):
        listener.kept(tensor)
