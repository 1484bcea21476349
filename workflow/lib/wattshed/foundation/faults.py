"""The one exception that a user is meant to read, and the door through which every script leaves."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

FAULT_EXIT_CODE = 2
# The number of the file descriptor that leads to the terminal, where stderr leads to a log.
TERMINAL = "WATTSHED_TERMINAL_FD"


class Fault(Exception):
    """A problem that the user can fix, described in one sentence.

    The sentence says what is wrong, where (file, row, key), what was expected and what to do.
    """


def run_script(main: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None = None) -> int:
    """Run a script's ``main`` and return its exit code: 0, or 2 after one printed sentence.

    Faults and full disks become one sentence on stderr. Where the log has no room for it, it goes to the terminal. Any
    other exception is a defect of wattshed and keeps its traceback.
    """
    try:
        main(argv)
        sys.stdout.flush()
    except Fault as fault:
        _report(f"error: {fault}")
        return FAULT_EXIT_CODE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        _report(
            f"error: the disk is full{where}: free some space and run the same command again; "
            "finished results are kept."
        )
        _forget_unwritten_output()
        return FAULT_EXIT_CODE
    return 0


def _report(sentence: str) -> None:
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:
        terminal = os.environ.get(TERMINAL, "")
        with suppress(OSError, ValueError):
            os.write(int(terminal), f"{sentence}\n".encode())


def _forget_unwritten_output() -> None:
    """What stdout still holds cannot be written; Python would fail over it a second time when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def script_parser(description: str) -> argparse.ArgumentParser:
    """Argument parser in the house's style: description from the script's docstring, defaults shown."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
