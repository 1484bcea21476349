"""A command as the workload of a sweep: each call runs it once, from its start to its end."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from wattshed.commands.running.advice import shown
from wattshed.commands.running.command import Unfit, find_program, start_process
from wattshed.commands.running.ending import end_process
from wattshed.commands.running.signals import defaults_of_the_command
from wattshed.commands.running.standard_input import Input
from wattshed.foundation.faults import Fault

# A command that is asked to end has this long, before it is killed. The clock is reset after that.
ENDS_WITHIN_S = 1.0
LAST_BYTES = 2000


@dataclass
class SweptCommand:
    """Raises :class:`Fault` if the command cannot be started or fails.

    given: standard input, the same in each call. log: an open file for what it prints; keeps_all: what all calls print
    is kept there, else what the last one printed. calls: how many were begun.
    """

    words: Sequence[str]
    given: Input
    log: int
    keeps_all: bool = False
    calls: int = 0
    _defaults: set[int] = field(default_factory=defaults_of_the_command, init=False)

    def __call__(self) -> None:
        self.given.rewind()
        if not self.keeps_all:
            os.ftruncate(self.log, 0)
        self.calls += 1
        child = self._start()
        try:
            _, status = os.waitpid(child, 0)
        except BaseException:
            end_process(child, ENDS_WITHIN_S)
            raise
        code = os.waitstatus_to_exitcode(status)
        if code:
            raise Fault(self._failure(code))

    def _start(self) -> int:
        try:
            # Found again each time: a call may have made or moved it.
            program = find_program(self.words)
            return start_process(
                program,
                self.words,
                stdin=self.given.handle,
                mask=signal.pthread_sigmask(signal.SIG_BLOCK, ()),
                defaults=self._defaults,
                output=self.log,
            )
        except Unfit as unfit:
            raise _fault(unfit) from unfit

    def _failure(self, code: int) -> str:
        how = f"failed with exit code {code}"
        if code < 0:
            with suppress(ValueError):
                how = f"was ended by {signal.Signals(-code).name}"
        said = self._last_line()
        return (
            f"{shown(' '.join(self.words))} {how} in call {self.calls}{f' ({said})' if said else ''}: expected exit "
            "code 0 in every call; correct the command."
        )

    def _last_line(self) -> str:
        """What the command printed last."""
        size = os.fstat(self.log).st_size
        text = os.pread(self.log, LAST_BYTES, max(0, size - LAST_BYTES)).decode(errors="replace")
        lines = [line for line in text.splitlines() if line.strip()]
        return shown(lines[-1].strip().rstrip(".")) if lines else ""


def check_program(words: Sequence[str]) -> None:
    """Raises :class:`Fault` if the program does not exist or may not be run."""
    try:
        find_program(words)
    except Unfit as unfit:
        raise _fault(unfit) from unfit


def _fault(unfit: Unfit) -> Fault:
    return Fault(str(unfit).replace("wattshed measure", "wattshed sweep"))
