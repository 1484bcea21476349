"""Signals while a command is measured: they reach the command as they would without the meter, and exactly once.

One thread takes all signals and knows who sent each. Those of the keyboard come from the kernel, which has sent them to
the command too. Before the command begins a signal ends the measurement; after it has ended none does.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Self

# Faults of this process itself; and signals that cannot be caught, or that are not sent to end or notify a job.
OWN = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS"}
LEFT = {"SIGKILL", "SIGSTOP", "SIGCHLD", "SIGPIPE", "SIGXFSZ", "SIGURG", "SIGWINCH", "SIGTTIN", "SIGTTOU"}
KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
# Python ignores these two itself.
IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
# The first of these that is free wakes the main thread, which may sleep. By default each is ignored or unused.
WAKES = (signal.SIGURG, signal.SIGWINCH, signal.SIGUSR2)
# si_code of what the kernel sends, such as the signals of the keyboard.
SI_KERNEL = 0x80
# Signals again and again for longer than a ledger takes to be closed end this process at once: something hangs. A burst
# does not: a scheduler, a shell and a script may each send one at the same moment.
PATIENCE = 3
PATIENCE_S = 1.0
# A shell continues the whole group; the command alone gets the signal again only if it still stands.
CONTINUES_WITHIN_S = 0.05
# The main thread is woken again and again until it has heard.
WAKES_AGAIN_S = 0.1


class Stopped(BaseException):
    """A signal ended the measurement while no command ran."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As in a shell."""
        return 128 + self.number

    @property
    def name(self) -> str:
        try:
            return signal.Signals(self.number).name
        except ValueError:
            return f"signal {self.number}"


class SignalWatch:
    """Takes the signals of this process while the block runs. Enter it in the main thread, before other threads start.

    mask: the signals that were blocked before, for the command. last_act: the process ends after the block, and
    no signal may replace its exit code.
    """

    def __init__(self, *, last_act: bool = False) -> None:
        self._last_act = last_act
        self._lock = threading.Lock()
        self._child: int | None = None
        self._began = False
        self._exit_code: int | None = None
        self._asked: int | None = None
        self._raised = False
        self._presses = 0
        self._first_press_s = 0.0
        self._over = False
        self._main = threading.get_ident()
        self._thread = threading.Thread(target=self._listen, name="wattshed-signals", daemon=True)

    def __enter__(self) -> Self:
        self.mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        self._taken = _taken(self.mask)
        self._wake = next(
            (number for number in WAKES if number not in self.mask and not is_ignored(number)), WAKES[0]
        )
        self._taken.discard(self._wake)
        self._before: Any = signal.signal(self._wake, self._woken)
        if is_ignored(signal.SIGCHLD):
            # Else the system forgets how the command ended.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.ignores_children = True
        else:
            self.ignores_children = False
        # The thread inherits what is blocked: it waits for the waking signal too, which alone reaches this one.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._taken | {self._wake})
        self._thread.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {self._wake})
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
        assert self._thread.ident is not None
        signal.pthread_kill(self._thread.ident, self._wake)
        self._thread.join()
        if self._last_act:
            for number in self._taken:
                signal.signal(number, signal.SIG_IGN)
        signal.signal(self._wake, self._before)
        if self.ignores_children and not self._last_act:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)

    def run(self, start: Callable[[], int]) -> int:
        """Start a process and wait for its end; returns its exit code as in a shell: 128 + n if signal n ended it.

        start: returns the process's id. Raises :class:`Stopped` without starting it if a signal came before.
        """
        with self._lock:
            if self._asked is not None:
                self._raised = True
                raise Stopped(self._asked)
            self._child = child = start()
            self._began = True
        if hasattr(os, "waitid"):
            # Its id stays its own until no signal can be sent to it any more.
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            with self._lock:
                _, status = os.waitpid(child, 0)
                self._child = None
        else:
            _, status = os.waitpid(child, 0)
            self._child = None
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def ended(self, exit_code: int) -> None:
        """The last run has ended: from here on a signal changes nothing, until it is sent again and again."""
        with self._lock:
            self._presses = 0
            self._exit_code = exit_code

    def _listen(self) -> None:
        numbers = self._taken | {self._wake}
        while True:
            found = _next(numbers, WAKES_AGAIN_S if self._is_unheard() else None)
            with self._lock:
                if self._over:
                    return
                if found is None:
                    if self._is_unheard():
                        signal.pthread_kill(self._main, self._wake)
                elif found[0] != self._wake:
                    self._take(*found)

    def _is_unheard(self) -> bool:
        """Whether the main thread has not yet been told of a signal that came before the command.

        A wake that comes just before it begins to wait, as for its standard input, is noted by Python and not acted on.
        """
        return self._asked is not None and not self._raised and not self._began

    def _take(self, number: int, by_kernel: bool) -> None:
        if number == signal.SIGTSTP:
            self._pause(by_kernel)
        elif number == signal.SIGCONT:
            self._continue()
        elif self._child is not None:
            if not _reached_the_group(number, by_kernel):
                os.kill(self._child, number)
        elif self._exit_code is None:
            if self._asked is None:
                self._asked = number
                if not self._began:
                    signal.pthread_kill(self._main, self._wake)
            self._press(128 + number)
        else:
            self._press(self._exit_code)

    def _press(self, exit_code: int) -> None:
        now_s = time.monotonic()
        if self._presses == 0:
            self._first_press_s = now_s
        self._presses += 1
        if self._presses >= PATIENCE and now_s - self._first_press_s >= PATIENCE_S:
            os._exit(exit_code)

    def _woken(self, number: int, frame: FrameType | None) -> None:
        """Runs in the main thread: ends what is done before the command."""
        if self._asked is not None and not self._raised and not self._began:
            self._raised = True
            raise Stopped(self._asked)

    def _pause(self, by_kernel: bool) -> None:
        if self._child is not None and not by_kernel:
            os.kill(self._child, signal.SIGTSTP)
        # The default action stops this whole process, but not where no shell could continue it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})

    def _continue(self) -> None:
        if self._child is not None:
            time.sleep(CONTINUES_WITHIN_S)
            if _is_paused(self._child):
                os.kill(self._child, signal.SIGCONT)


def is_ignored(number: int) -> bool:
    """Whether a signal was ignored when this program began."""
    return signal.getsignal(number) == signal.SIG_IGN and number not in IGNORED_BY_PYTHON


def defaults_of_the_command() -> set[int]:
    """Of the two signals that Python ignores itself, those that the command gets with their default action.

    Whether they were ignored before can no longer be read from this process. The one that started it tells: what it
    ignores was inherited, unless it is a Python program, which ignores both and restores them for what it starts.
    """
    parent = Path("/proc") / str(os.getppid())
    try:
        if os.path.basename(os.readlink(parent / "exe")).startswith(("python", "pypy")):
            return set(IGNORED_BY_PYTHON)
        status = (parent / "status").read_text(encoding="utf-8", errors="replace")
        (ignored,) = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:")]
    except (OSError, ValueError):
        return set(IGNORED_BY_PYTHON)
    return {number for number in IGNORED_BY_PYTHON if not ignored >> (number - 1) & 1}


def _taken(blocked: set[int]) -> set[int]:
    """The signals that this process takes. What was ignored or blocked stays so, here and in the command."""
    left = {getattr(signal, name) for name in OWN | LEFT if hasattr(signal, name)}
    return {
        int(number)
        for number in signal.valid_signals()
        if number not in left and number not in blocked and not is_ignored(number)
    }


def _reached_the_group(number: int, by_kernel: bool) -> bool:
    """Whether a signal was sent to the whole foreground group of the terminal, and so to the command too."""
    if number == signal.SIGHUP:
        # A terminal that hangs up tells the leader of its session alone; the group hears it when the leader ends.
        return by_kernel and os.getsid(0) != os.getpid()
    return by_kernel and number in KEYBOARD


def _next(numbers: set[int], timeout_s: float | None) -> tuple[int, bool] | None:
    """The next signal, and whether the kernel sent it; None if none came in time, which macOS cannot wait for."""
    if sys.platform != "darwin":
        found = signal.sigwaitinfo(numbers) if timeout_s is None else signal.sigtimedwait(numbers, timeout_s)
        return None if found is None else (found.si_signo, found.si_code == SI_KERNEL)
    return signal.sigwait(numbers), _in_foreground()


def _in_foreground() -> bool:
    """Whether this process belongs to the foreground group of a terminal, which gets the keyboard's signals."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _is_paused(pid: int) -> bool:
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return line.rpartition(")")[2].split()[0] == "T"
