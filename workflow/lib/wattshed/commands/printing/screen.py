"""The console that commands print to: as wide as the terminal, and wide enough for tables in a pipe."""

import sys

from rich import box
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 140


def open_console() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def plain_table(title: str, *columns: str, numeric: tuple[str, ...] = ()) -> Table:
    """A table without a frame; the columns named in ``numeric`` are set flush right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    return table
