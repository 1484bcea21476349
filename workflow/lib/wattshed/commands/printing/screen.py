"""The console that commands print to: as wide as the terminal, and wide enough for tables in a pipe."""

import codecs
import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 140
# What is shown where the output takes ASCII alone; a wrong sign would do less harm than no table, and none is wrong.
PLAIN = {"µ": "u", "×": "x", "≈": "~", "–": "-", "█": "#"}
PLAIN_SIGNS = "wattshed_plain_signs"


def _plain_signs(error: UnicodeError) -> tuple[str, int]:
    """Replaces what an encoding lacks, sign by sign, so that columns keep their width."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in signs), error.end


codecs.register_error(PLAIN_SIGNS, _plain_signs)


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process with 1, which here is a finding."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def reader_is_gone() -> bool:
    """Whether what this process prints goes into a pipe that its reader, such as ``head``, has closed."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            waiting = select.poll()
            waiting.register(stream.fileno(), 0)
            if any(event & (select.POLLERR | select.POLLHUP) for _, event in waiting.poll(0)):
                return True
    return False


def open_console() -> Console:
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors=PLAIN_SIGNS)
    return _Screen(
        width=None if sys.stdout is not None and sys.stdout.isatty() else PIPE_WIDTH, highlight=False
    )


class _Plain(Table):
    """Cells are shown as they are: names of GPUs and workloads may hold what rich takes for markup."""

    def add_row(self, *cells: RenderableType | None, **keys: Any) -> None:
        super().add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), **keys)


def plain_table(title: str, *columns: str, numeric: tuple[str, ...] = ()) -> Table:
    """A table without a frame; the columns named in ``numeric`` are set flush right."""
    table = _Plain(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    return table
