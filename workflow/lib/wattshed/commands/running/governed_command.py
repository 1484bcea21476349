"""A command whose GPU is governed while it runs, and the file in which it counts its finished work."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wattshed.commands.running.command import Unfit, find_program, start_process
from wattshed.commands.running.ending import end_process
from wattshed.commands.running.signals import defaults_of_the_command
from wattshed.foundation.faults import Fault

CHUNK_BYTES = 2**20
# The clock has been reset before, so that the command may take its time.
ENDS_WITHIN_S = 5.0


@dataclass
class GovernedCommand:
    """Starts with the first question whether it runs: when all checks are done and the clock is at its maximum."""

    words: Sequence[str]
    exit_code: int | None = None
    _child: int | None = None
    _defaults: set[int] = field(default_factory=defaults_of_the_command, init=False)

    @property
    def has_begun(self) -> bool:
        return self._child is not None

    def runs(self) -> bool:
        """Raises :class:`Fault` if the command cannot be started."""
        if self._child is None:
            self._child = self._start()
        return self._runs(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end; returns the exit code that a shell gives."""
        self._runs(0)
        assert self.exit_code is not None
        return self.exit_code

    def end(self) -> None:
        """End it if it still runs."""
        if self._child is not None and self.exit_code is None:
            end_process(self._child, ENDS_WITHIN_S)

    def _runs(self, how: int) -> bool:
        assert self._child is not None
        if self.exit_code is None:
            child, status = os.waitpid(self._child, how)
            if child:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code = code if code >= 0 else 128 - code
        return self.exit_code is None

    def _start(self) -> int:
        try:
            return start_process(
                find_program(self.words), self.words, stdin=None, mask=(), defaults=self._defaults
            )
        except Unfit as unfit:
            raise Fault(str(unfit).replace("wattshed measure", "wattshed clocks govern")) from unfit


@dataclass
class LinesOf:
    """Lines of a file that grows; 0 while it does not exist. One that was shortened counts as begun again."""

    path: Path
    _read: int = 0
    _lines: int = 0

    def __call__(self) -> float:
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._read:
                    self._read = 0
                file.seek(self._read)
                while chunk := file.read(CHUNK_BYTES):
                    self._read += len(chunk)
                    self._lines += chunk.count(b"\n")
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Fault(
                f"--progress {self.path} cannot be read ({error.strerror}): expected a file to which the command "
                "appends a line per finished unit of work; correct the path."
            ) from error
        return float(self._lines)
