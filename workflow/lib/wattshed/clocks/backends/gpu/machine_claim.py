"""One sweep per GPU and machine, whoever runs it: a name that the kernel gives to one process and frees at its end.

A note lies in the cache of one user, so that another user's sweep does not see it, and two sweeps that begin at the
same moment may both read the same one. The name is an abstract socket of Linux: it is no file, is never left behind,
and tells who holds it. The watchdog holds it too, so that a sweep that begins waits until a killed one's knob was given
back. Containers with a network of their own have their own names; elsewhere than on Linux the notes alone count.
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
# A watchdog tries for ten seconds to give back, and loads before.
WAIT_S, LOOK_EVERY_S = 15.0, 0.05
# Questions of other processes wait here, unread.
QUEUE = 4096
PEER = struct.Struct("3i")


@dataclass(frozen=True)
class Holder:
    """The process that took a GPU's name. pid: 0 if it cannot be known from here. user: its name or number."""

    pid: int
    user: str

    def has_ended(self) -> bool:
        """Then its watchdog holds the name until the knob was given back."""
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
        """For the watchdog, which keeps it open."""
        return None if self._held is None else self._held.fileno()

    def release(self) -> None:
        """Safe to call twice."""
        held, self._held = self._held, None
        if held is not None:
            held.close()


def take(
    gpu_uuid: str, scope: str = "", *, wait_s: float = WAIT_S, sleep: Callable[[float], None] = time.sleep
) -> MachineClaim | Holder:
    """The name of a GPU, or who holds it. A holder that has ended is waited for. scope: other machines have others."""
    until_s = time.monotonic() + wait_s
    while True:
        try:
            return MachineClaim(_bound(gpu_uuid, scope))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return MachineClaim(None)  # a sandbox without sockets
        holder = holder_of(gpu_uuid, scope)
        if holder is not None and (not holder.has_ended() or time.monotonic() > until_s):
            return holder
        sleep(LOOK_EVERY_S)


def holder_of(gpu_uuid: str, scope: str = "") -> Holder | None:
    """Who holds the name of a GPU; None if it is free, or cannot be known."""
    if sys.platform != "linux":
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.setblocking(False)
            asked.connect(_name(gpu_uuid, scope))
            peer = asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    except BlockingIOError:
        return Holder(0, "this machine")
    except OSError:
        return None
    pid, uid, _ = PEER.unpack(peer)
    return Holder(pid, _user(uid))


def _bound(gpu_uuid: str, scope: str) -> socket.socket | None:
    if sys.platform != "linux":
        return None
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        held.bind(_name(gpu_uuid, scope))
        held.listen(QUEUE)
    except BaseException:
        held.close()
        raise
    return held


def _name(gpu_uuid: str, scope: str) -> str:
    """At most 107 bytes. A leading null byte makes it abstract."""
    return f"\0wattshed-gpu-{sha256(f'{MACHINE}|{scope}|{gpu_uuid}'.encode()).hexdigest()}"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


_of_this_process: WeakSet[socket.socket] = WeakSet()


def _leave_to_the_parent() -> None:
    """A child that was forked, such as a worker that loads data, may outlive the sweep and must not hold its GPU."""
    for held in list(_of_this_process):
        held.close()


os.register_at_fork(after_in_child=_leave_to_the_parent)
