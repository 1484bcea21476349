"""One process per device and machine: the kernel gives the name to one, tells who it is, and frees it at its end."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from wattshed.foundation.recovery import machine_claim
from wattshed.foundation.recovery.machine_claim import Holder, MachineClaim, holder_of, take

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
# Takes the name, leaves it to a helper that ends with its standard input, and ends.
LEAVES_A_HELPER = """
import subprocess, sys
from wattshed.foundation.recovery import machine_claim
machine_claim.MACHINE = sys.argv[1]
claim = machine_claim.take("GPU-1")
subprocess.Popen(["cat"], pass_fds=(claim.descriptor,), stdout=subprocess.DEVNULL)
print("left", flush=True)
"""


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_claim, "MACHINE", str(tmp_path))
    return str(tmp_path)


def test_a_name_has_one_holder_who_is_told_and_others_are_free():
    assert holder_of("GPU-1") is None
    mine = take("GPU-1")
    other = take("GPU-1")
    assert isinstance(other, Holder)
    assert other == holder_of("GPU-1")
    assert other.pid == os.getpid()
    assert other.words().startswith(f"process {os.getpid()} of ")
    assert not other.has_ended()
    for free in (take("GPU-2"), take("GPU-1", "elsewhere")):
        assert isinstance(free, MachineClaim)
        free.release()
    mine.release()
    mine.release()
    assert holder_of("GPU-1") is None


def test_a_child_that_was_forked_does_not_hold_the_name():
    mine = take("GPU-1")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)  # until the parent has looked
        os._exit(0)
    try:
        # Its first deed was to close the name; nothing tells when, so it is waited for.
        mine.release()
        again = take("GPU-1")
        while isinstance(again, Holder):
            again = take("GPU-1")
        again.release()
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(child, 0)


def test_the_helper_of_a_process_that_has_ended_is_waited_for(machine):
    starts = [sys.executable, "-c", LEAVES_A_HELPER, machine]
    with subprocess.Popen(starts, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"left\n"
        process.wait()
        left = take("GPU-1", wait_s=0)
        assert isinstance(left, Holder)
        assert left.pid == process.pid
        assert left.has_ended()
        looked = []

        def helper_ends(_seconds):
            if not looked:
                process.stdin.close()
            looked.append(1)
            os.sched_yield()

        mine = take("GPU-1", sleep=helper_ends, wait_s=60)
        assert isinstance(mine, MachineClaim)
        assert looked
        mine.release()


def test_where_names_cannot_be_had_nothing_is_held(monkeypatch):
    def refuses(*_):
        raise PermissionError(errno.EPERM, "no sockets here")

    monkeypatch.setattr(socket, "socket", refuses)
    claim = take("GPU-1")
    assert claim.descriptor is None
    assert holder_of("GPU-1") is None
    claim.release()
