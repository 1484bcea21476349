"""The one exception whose message is meant for users, and the function that runs every script's ``main``."""

import argparse
import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress

FAULT_EXIT_CODE = 2
# As in a shell: 128 + the number of SIGINT.
INTERRUPTED_EXIT_CODE = 130
# The number of the file descriptor of the terminal, if stderr goes to a log.
TERMINAL = "WATTSHED_TERMINAL_FD"
# How the modules of a study's own plug-ins begin.
OWN_MODULE = "wattshed_plugins_"


class Fault(Exception):
    """A problem that the user can fix, described in one sentence.

    The sentence says what is wrong, where (file, row, key), what was expected and what to do.
    """


def one_line(error: BaseException) -> str:
    """An error's text as a part of a sentence: without line breaks, and without a period at its end."""
    return " ".join(str(error).split()).rstrip(".")


def run_script(main: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None = None) -> int:
    """Run a script's ``main`` and return its exit code: 0, or 2 after one printed sentence; 130 after Ctrl-C.

    Faults, full disks and defects of a study's own plug-in become one sentence on stderr; a defect's traceback stands
    before it. If the log's disk is full, the sentence goes to the terminal. Any other exception is a defect of wattshed
    and keeps its traceback.
    """
    try:
        main(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except Fault as fault:
        say(f"error: {fault}")
        return FAULT_EXIT_CODE
    except KeyboardInterrupt:
        say("interrupted: run the same command again to continue; finished results are kept.")
        return INTERRUPTED_EXIT_CODE
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _full_disk(error)
        place = _place_in_own_plugin(error)
        if place is None:
            raise
        traceback.print_exc()
        say(
            f"error: the plug-in {place} failed ({type(error).__name__}: {one_line(error)}): correct the file."
        )
        return FAULT_EXIT_CODE
    return 0


def _full_disk(error: OSError) -> int:
    where = f" while writing {error.filename}" if error.filename else ""
    say(
        f"error: the disk is full{where}: free some space and run the same command again; "
        "finished results are kept."
    )
    forget_unwritten_output()
    return FAULT_EXIT_CODE


def _place_in_own_plugin(error: BaseException) -> str | None:
    """File and line of a study's own plug-in through which the error came, the deepest one; None for another defect."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).startswith(OWN_MODULE):
            place = f"{frame.f_code.co_filename}, line {line},"
    return place


def say(sentence: str) -> None:
    """Print a line on stderr. If that is closed or full, the line goes to the terminal, or nowhere; never raises."""
    try:
        if sys.stderr is not None:
            print(sentence, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        terminal = os.environ.get(TERMINAL, "")
        with suppress(OSError, ValueError):
            os.write(int(terminal), f"{sentence}\n".encode(errors="backslashreplace"))
        forget_unwritten_output()


def forget_unwritten_output() -> None:
    """Discard what stdout and stderr still hold: Python would fail a second time when it exits, with exit code 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def script_parser(description: str) -> argparse.ArgumentParser:
    """Argument parser in the house's style: description from the script's docstring, defaults shown."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
