"""The one exception whose message is meant for users, and the function that runs every script's ``main``."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

FAULT_EXIT_CODE = 2
# The number of the file descriptor of the terminal, if stderr goes to a log.
TERMINAL = "WATTSHED_TERMINAL_FD"


class Fault(Exception):
    """A problem that the user can fix, described in one sentence.

    The sentence says what is wrong, where (file, row, key), what was expected and what to do.
    """


def run_script(main: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None = None) -> int:
    """Run a script's ``main`` and return its exit code: 0, or 2 after one printed sentence.

    Faults and full disks become one sentence on stderr. If the log's disk is full, the sentence goes to the terminal.
    Any other exception is a defect of wattshed and keeps its traceback.
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
    """Discard what stdout still holds: it cannot be written, and Python would fail a second time when it exits."""
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
