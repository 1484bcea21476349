"""The sweep's side of its watchdog: start it before the first lock, see that it lives, dismiss it at the end."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from wattshed.clocks.backends.gpu.note import LockNote
from wattshed.clocks.backends.gpu.watchdog_process import DONE, GAVE_BACK, GIVE_BACK, READY
from wattshed.foundation.faults import Fault

PROGRAM = "wattshed.clocks.backends.gpu.watchdog_process"
# A busy machine loads Python slowly; without a watchdog nothing is locked.
START_WITHIN_S = 30.0
# How long the sweep waits for a watchdog that gives back in its place, and for one that has nothing more to do.
GIVE_BACK_WITHIN_S, END_WITHIN_S = 3.0, 5.0


class Guard(Protocol):
    """What a sweep asks of its watchdog."""

    def watch(self) -> None:
        """Start it, or start another one if it has died. Raises :class:`Fault` if that fails: then nothing may be
        locked."""
        ...

    def dismiss(self) -> None:
        """The knob was given back; the watchdog ends."""
        ...

    def take_over(self) -> bool:
        """The sweep could not give the knob back; True if the watchdog could."""
        ...


class Watchdog:
    """A :class:`Guard` in a process with its own session, which outlives a kill of the sweep's process group."""

    def __init__(self, note: LockNote, path: Path, held: int | None = None) -> None:
        """held: the descriptor of the GPU's name, which no other sweep may have before the watchdog has ended."""
        self._note, self._path = note, path
        self._held = () if held is None else (held,)
        self._process: subprocess.Popen[bytes] | None = None
        self._orders = self._answers = -1

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def watch(self) -> None:
        if self._process is not None and not self._answer(0):
            return
        self._close()
        self._start()

    def dismiss(self) -> None:
        with suppress(OSError):  # it has died, and has nothing to give back
            os.write(self._orders, DONE)
        process = self._process
        self._close()
        if process is not None and process.returncode is None:
            # It stands still, has nothing more to do, and would keep the GPU's name from the next sweep.
            process.kill()
            process.wait()

    def take_over(self) -> bool:
        if self._process is None:
            return False
        with suppress(OSError):
            os.write(self._orders, GIVE_BACK)
        gave_back = self._answer(GIVE_BACK_WITHIN_S) == GAVE_BACK
        self._close()
        return gave_back

    def _start(self) -> None:
        read_orders, self._orders = os.pipe()
        self._answers, write_answers = os.pipe()
        words = ["--note", json.dumps(asdict(self._note)), "--path", str(self._path.absolute())]
        words += ["--orders", str(read_orders), "--answers", str(write_answers)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", PROGRAM, *words],
                # Its own session: neither the terminal's signals nor a kill of the process group reach it.
                start_new_session=True,
                pass_fds=(read_orders, write_answers, *self._held),
                # The sweep's own streams would keep a reader of its log waiting.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            )
        except OSError as error:
            raise self._refused(str(error)) from error
        finally:
            os.close(read_orders)
            os.close(write_answers)
        answer = self._answer(START_WITHIN_S)
        if answer != READY:
            self._close()
            words_of_it = answer.decode(errors="replace").removeprefix("failed: ").strip()
            raise self._refused(words_of_it or "it ended without a word")

    def _answer(self, within_s: float) -> bytes:
        """What it says within that time, ``ended`` if it has ended, and nothing if it lives and is silent."""
        readable, _, _ = select.select([self._answers], [], [], within_s)
        return (os.read(self._answers, 4096) or b"ended") if readable else b""

    def _refused(self, why: str) -> Fault:
        return Fault(
            f"{self._note.gpu}: the watchdog, which gives the clock back if the sweep is killed, cannot run ({why}); "
            "nothing was locked: expected a second process with the same Python and driver; run the same command again."
        )

    def _close(self) -> None:
        for descriptor in (self._orders, self._answers):
            if descriptor >= 0:
                os.close(descriptor)
        self._orders = self._answers = -1
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_WITHIN_S)
        self._process = None
