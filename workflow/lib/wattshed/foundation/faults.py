"""The one exception that a user is meant to read, and the door through which every script leaves."""

import argparse
import errno
import sys
from collections.abc import Callable, Sequence

FAULT_EXIT_CODE = 2


class Fault(Exception):
    """A problem that the user can mend, told in one sentence.

    The sentence says what is wrong, where (file, row, key), what was expected and what to do.
    """


def run_script(main: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None = None) -> int:
    """Run a script's ``main`` and return its exit code: 0, or 2 after one printed sentence.

    Faults and full disks become one sentence on stderr; anything else is a defect of ours and keeps
    its traceback.
    """
    try:
        main(argv)
    except Fault as fault:
        print(f"error: {fault}", file=sys.stderr)
        return FAULT_EXIT_CODE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        print(
            f"error: the disk is full{where}: free some space and run the same command again; "
            "finished results are kept.",
            file=sys.stderr,
        )
        return FAULT_EXIT_CODE
    return 0


def script_parser(description: str) -> argparse.ArgumentParser:
    """Argument parser in the house's style: description from the script's docstring, defaults shown."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
