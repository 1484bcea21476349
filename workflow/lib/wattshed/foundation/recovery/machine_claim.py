"""One process per device and machine, of whatever user: a name that the kernel gives to one and frees at its end.

A note in the cache of one user is not seen by another user's program, and two programs that begin at the same moment
may both read the same one. The name is an abstract socket of Linux: it is never left behind, as a file may be, and
tells who holds it. A helper that inherits the descriptor holds it too, so that the next program waits until the helper
of a killed one, such as a watchdog, is done. Containers with a network of their own have their own names; elsewhere
than on Linux nothing is held.
"""

from __future__ import annotations

import errno
import os
import pwd
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from weakref import WeakSet

from wattshed.foundation.recovery.processes import start_of

# Tests give each of their made machines its own.
MACHINE = ""
# A watchdog tries for ten seconds to give a clock back.
WAIT_S, LOOK_EVERY_S = 15.0, 0.05
# Questions of other processes wait here, unread.
QUEUE = 4096
PEER = struct.Struct("3i")


@dataclass(frozen=True)
class Holder:
    """The process that took a device's name. pid: 0 if it cannot be known from here. user: its name or number."""

    pid: int
    user: str

    def has_ended(self) -> bool:
        """Then a helper of it holds the name until it is done."""
        return self.pid > 0 and start_of(self.pid) is None

    def words(self) -> str:
        return f"process {self.pid} of {self.user}" if self.pid else f"a process of {self.user}"


class MachineClaim:
    """A name that this process holds; None where the machine has no such names."""

    def __init__(self, held: socket.socket | None) -> None:
        self._held = held
        if held is not None:
            _of_this_process.add(held)

    @property
    def descriptor(self) -> int | None:
        """For a helper, which keeps it open."""
        return None if self._held is None else self._held.fileno()

    def release(self) -> None:
        """Safe to call twice."""
        held, self._held = self._held, None
        if held is not None:
            held.close()


def take(
    device: str, scope: str = "", *, wait_s: float = WAIT_S, sleep: Callable[[float], None] = time.sleep
) -> MachineClaim | Holder:
    """The name of a device, or who holds it. A holder that has ended is waited for. scope: each has its own names."""
    until_s = time.monotonic() + wait_s
    while True:
        try:
            return MachineClaim(_bound(device, scope))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return MachineClaim(None)  # a sandbox without sockets
        holder = holder_of(device, scope)
        if holder is not None and (not holder.has_ended() or time.monotonic() > until_s):
            return holder
        sleep(LOOK_EVERY_S)


def holder_of(device: str, scope: str = "") -> Holder | None:
    """Who holds the name of a device; None if it is free, or cannot be known."""
    if sys.platform != "linux":
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.setblocking(False)
            asked.connect(_name(device, scope))
            peer = asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    except BlockingIOError:
        return Holder(0, "this machine")
    except OSError:
        return None
    pid, uid, _ = PEER.unpack(peer)
    return Holder(pid, _user(uid))


def _bound(device: str, scope: str) -> socket.socket | None:
    if sys.platform != "linux":
        return None
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        held.bind(_name(device, scope))
        held.listen(QUEUE)
    except BaseException:
        held.close()
        raise
    return held


def _name(device: str, scope: str) -> str:
    """At most 107 bytes. A leading null byte makes it abstract."""
    return f"\0wattshed-{sha256(f'{MACHINE}|{scope}|{device}'.encode()).hexdigest()}"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


_of_this_process: WeakSet[socket.socket] = WeakSet()


def _leave_to_the_parent() -> None:
    """A child that was forked, such as a worker that loads data, may outlive its parent and must not hold it."""
    for held in list(_of_this_process):
        held.close()


os.register_at_fork(after_in_child=_leave_to_the_parent)
