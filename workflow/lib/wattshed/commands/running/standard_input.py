"""Standard input of repeated runs: each run gets the same."""

import os
import select
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wattshed.foundation.faults import Fault, say

LIMIT_BYTES = 2**30
CHUNK_BYTES = 2**20
NOTICE_AFTER_S = 2.0


@dataclass(frozen=True)
class Input:
    """What the runs read. handle: None for this process's own standard input. start: where each run begins."""

    handle: int | None = None
    start: int | None = None

    def rewind(self) -> None:
        if self.start is not None:
            os.lseek(0 if self.handle is None else self.handle, self.start, os.SEEK_SET)


@contextmanager
def same_input(runs: int) -> Iterator[Input]:
    """The standard input for a number of runs.

    A file is read again from the same place. A pipe is kept in a temporary file first. Terminals and devices, such as
    /dev/null, stay what they are. Raises :class:`Fault` for a pipe with more than :data:`LIMIT_BYTES`.
    """
    kind = _kind() if runs > 1 else 0
    if stat.S_ISREG(kind):
        yield Input(start=os.lseek(0, 0, os.SEEK_CUR))
    elif stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        with tempfile.TemporaryFile() as file:
            _keep(file.fileno(), runs)
            yield Input(file.fileno(), 0)
    else:
        yield Input()


def _keep(handle: int, runs: int) -> None:
    try:
        _copy(handle, runs)
    except OSError as error:
        raise Fault(
            f"the standard input of {runs} runs cannot be kept ({error.strerror}): expected space for it in "
            f"{tempfile.gettempdir()}; free some, set TMPDIR, or measure one run."
        ) from error


def _kind() -> int:
    try:
        return os.fstat(0).st_mode
    except OSError:
        # It is closed.
        return 0


def _copy(handle: int, runs: int) -> None:
    kept = 0
    noticed = False
    while True:
        if not noticed and not select.select([0], [], [], NOTICE_AFTER_S)[0]:
            say(
                f"wattshed: reading the standard input to its end, so that each of {runs} runs gets the same; if the "
                "command does not read it, give < /dev/null."
            )
            noticed = True
        chunk = os.read(0, CHUNK_BYTES)
        if not chunk:
            return
        kept += len(chunk)
        if kept > LIMIT_BYTES:
            raise Fault(
                f"the standard input is longer than {LIMIT_BYTES // 2**20} MiB: expected less, because each of {runs} "
                "runs gets it from its start; put it into a file and give < FILE, or measure one run."
            )
        left = memoryview(chunk)
        while left:
            left = left[os.write(handle, left) :]
