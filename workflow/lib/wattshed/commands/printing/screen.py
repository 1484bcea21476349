"""The console that commands print to: as wide as the terminal, and wide enough for tables in a pipe."""

import sys
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 140


def open_console() -> Console:
    return Console(
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
