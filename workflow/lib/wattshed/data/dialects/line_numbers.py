"""The number of a row as an editor shows it; blank lines count in a file and not among its rows."""

import csv
import io
from collections.abc import Iterator
from typing import Any, cast

from wattshed.data.dialects.look import Look
from wattshed.data.dialects.utf8 import open_utf8


def numbered_rows(look: Look) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each row of data of a text, read from the start; without blank lines."""
    with open_utf8(look.container, look.encoding or "utf-8", look.mark_bytes, look.data_start) as stream:
        text = io.TextIOWrapper(cast(Any, stream), "utf-8", errors="replace", newline="")
        reader = csv.reader(text, delimiter=look.separator or ",")
        line = look.data_row
        for cells in reader:
            if (len(cells) == look.width and look.width > 1) or any(cell.strip() for cell in cells):
                yield line, cells
            line = look.data_row + reader.line_num
        text.detach()


def line_of(look: Look, index: int) -> int:
    """Line of row ``index`` of the data."""
    for place, (line, _) in enumerate(numbered_rows(look)):
        if place == index:
            return line
    return look.data_row + index
