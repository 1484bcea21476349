"""The watchdog of one sweep, a process of its own: it gives the knob back when the sweep ends without doing so.

It must live longer than the sweep: it has its own session, ignores every signal that can be ignored, and ends by
itself. It notices the end in two ways: the pipe of orders closes without ``done``, or the process itself ends, which
counts even if a child of the sweep still holds the pipe.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattshed.clocks.backends.gpu.giving_back import give_back
from wattshed.clocks.backends.gpu.note import LockNote, read_note, replace_note
from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery.processes import start_of

IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2")
# The sweep's orders, and the watchdog's answers.
DONE, GIVE_BACK = b"done\n", b"give back\n"
READY, GAVE_BACK = b"ready\n", b"gave back\n"
# Where the kernel cannot tell the end of a process, it is asked for this often.
ASK_EVERY_S = 0.25
# A driver that recovers from an error does so within seconds.
TRY_FOR_S, TRY_EVERY_S = 10.0, 0.1


def main(argv: list[str] | None = None) -> int:
    for name in IGNORED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--note", required=True, help="the sweep's note as JSON")
    parser.add_argument("--path", type=Path, required=True, help="file of the note")
    parser.add_argument("--orders", type=int, required=True, help="file descriptor to read from")
    parser.add_argument("--answers", type=int, required=True, help="file descriptor to write to")
    given = parser.parse_args(argv)
    note = LockNote(**json.loads(given.note))
    gpu = _Gpu(note.gpu_uuid)
    try:
        gpu.open()
    except Exception as error:  # whatever it is, the sweep must hear of it and not lock
        _say(given.answers, f"failed: {error}\n".encode())
        return 1
    _say(given.answers, READY)
    if _wait_for_end(note, given.orders) or _taken_over(note, given.path):
        return 0
    failure = _give_back(gpu, note, given.path)
    with suppress(Fault, OSError):
        if _taken_over(note, given.path):
            pass  # the file is another sweep's
        elif failure is None:
            given.path.unlink(missing_ok=True)
        else:
            replace_note(given.path, replace(note, failed=failure))
    _say(given.answers, GAVE_BACK if failure is None else f"failed: {failure}\n".encode())
    return 0 if failure is None else 1


class _Gpu:
    """The GPU by its uuid, opened while the sweep runs, so that giving back needs no search."""

    def __init__(self, uuid: str) -> None:
        self._uuid = uuid
        self.nvml: Any = None

    def open(self) -> None:
        self.nvml = importlib.import_module("pynvml")
        self.nvml.nvmlInit()
        self.handle = self.nvml.nvmlDeviceGetHandleByUUID(self._uuid)

    def reopen(self) -> None:
        """After an error: the driver may have been loaded again."""
        with suppress(Exception):
            self.nvml.nvmlShutdown()
        with suppress(Exception):
            self.open()


def _wait_for_end(note: LockNote, orders: int) -> bool:
    """Wait until the sweep has ended; True if it gave the knob back itself."""
    watched = select.poll()
    watched.register(orders, select.POLLIN | select.POLLHUP)
    with suppress(OSError, AttributeError):  # older kernels and other systems have none
        watched.register(os.pidfd_open(note.pid), select.POLLIN)
    while True:
        events = watched.poll(1000 * ASK_EVERY_S)
        if any(descriptor == orders for descriptor, _ in events):
            return os.read(orders, 64).startswith(DONE)
        if events or start_of(note.pid) != note.started:
            # It may have said `done` as its last deed.
            os.set_blocking(orders, False)
            with suppress(OSError):
                return os.read(orders, 64).startswith(DONE)
            return False


def _taken_over(note: LockNote, path: Path) -> bool:
    """Whether another sweep has noted the GPU as its own; its lock must stay."""
    try:
        kept = read_note(path)
    except Fault:
        return False
    return kept is not None and not kept.same_sweep(note)


def _give_back(gpu: _Gpu, note: LockNote, path: Path) -> str | None:
    """Try until it works; why it did not, or None."""
    until = time.monotonic() + TRY_FOR_S
    while True:
        try:
            give_back(gpu.nvml, gpu.handle, note)
            return None
        except Exception as error:  # of any kind: the next try may work
            if time.monotonic() > until or _taken_over(note, path):
                return str(error)
        time.sleep(TRY_EVERY_S)
        gpu.reopen()


def _say(answers: int, text: bytes) -> None:
    with suppress(OSError):  # the sweep has ended and does not listen
        os.write(answers, text)


if __name__ == "__main__":
    sys.exit(main())
