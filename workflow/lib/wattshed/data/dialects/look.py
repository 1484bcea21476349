"""What the first rows of a file show: its container, encoding, separator, header and first cells."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from wattshed.data.dialects.containers import Container
from wattshed.data.dialects.encodings import encoding_of, not_utf8
from wattshed.data.dialects.separators import STATED, Lines, cut_lines, recognise_separator
from wattshed.data.dialects.utf8 import open_utf8
from wattshed.foundation.faults import Fault

HEAD_BYTES = 1 << 20
HEAD_LINES = 400


class Dialect(Protocol):
    """What is read from the settings of the source about how a file is written."""

    @property
    def separator(self) -> str | None: ...

    @property
    def decimal(self) -> str | None: ...

    @property
    def thousands(self) -> str | None: ...

    @property
    def encoding(self) -> str | None: ...

    @property
    def skip_rows(self) -> int: ...

    @property
    def sheet(self) -> str | None: ...

    @property
    def missing(self) -> Sequence[str | float]: ...


@dataclass(frozen=True)
class Look:
    """The first rows of a table.

    header: names without blanks around them; "" for a column without a name. rows: first rows of data as text, each as
    long as the header. header_row, data_row: their numbers as an editor shows them. encoding, separator: of text, None
    otherwise. data_start: where the data begin in the text as UTF-8 without its mark [bytes]. width: cells of a row of
    data in the file; the header names the first of them. quoted_lines: whether a cell holds a line break. sheet: of a
    workbook.
    """

    container: Container
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    header_row: int = 1
    data_row: int = 2
    encoding: str | None = None
    mark_bytes: int = 0
    separator: str | None = None
    quoted_lines: bool = False
    data_start: int = 0
    width: int = 0
    sheet: str | None = None

    @property
    def path(self) -> Path:
        return self.container.path


def look_at_text(container: Container, dialect: Dialect) -> Look:
    """The first rows of a text. Raises :class:`Fault` where its encoding or separator cannot be known."""
    where = str(container.path)
    with container.open() as stream:
        encoding, mark = encoding_of(stream.read(4096), dialect.encoding, where)
    lines = _head(container, encoding, mark)
    first, separator = dialect.skip_rows, dialect.separator
    stated = STATED.fullmatch(lines[first].rstrip("\r\n")) if len(lines) > first else None
    if stated is not None:
        first, separator = first + 1, separator or stated[1]
    text = "".join(lines[first : first + HEAD_LINES])
    if not text.strip():
        raise Fault(f"{where} is empty; expected a header and readings: fill it or correct the path.")
    if separator is None:
        cut = recognise_separator(text, first + 1, where)
    else:
        cut = cut_lines(text, separator, first + 1, where)
    header = _named(cut)
    return Look(
        container=container,
        header=header,
        rows=tuple(tuple(row[: len(header)]) for row in cut.rows[1:] if len(row) >= len(header)),
        header_row=cut.numbers[0],
        data_row=cut.ends[0] + 1,
        encoding=encoding,
        mark_bytes=mark,
        separator=cut.separator,
        quoted_lines=any("\n" in cell or "\r" in cell for row in cut.rows for cell in row),
        data_start=len("".join(lines[: cut.ends[0]]).encode()),
        width=max(cut.width, len(header)),
    )


def _head(container: Container, encoding: str, mark: int) -> list[str]:
    """The first whole lines."""
    with open_utf8(container, encoding, mark) as stream:
        content = stream.read(HEAD_BYTES)
        # A header of tens of thousands of names is longer than that.
        while content.count(b"\n") + content.count(b"\r") < 3 and (more := stream.read(HEAD_BYTES)):
            content += more
        if stream.read(1):
            content = content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1] or content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(str(container.path), content, content.count(b"\n", 0, error.start) + 1) from error
    return list(io.StringIO(text, newline=""))


def _named(cut: Lines) -> tuple[str, ...]:
    """Names of the columns; what only trailing separators make is left out."""
    header = [name.strip() for name in cut.rows[0]]
    if not any(header[cut.width :]):
        header = header[: cut.width]
    filled = max((_filled(row) for row in cut.rows[1:]), default=0)
    while len(header) > max(1, filled) and not header[-1]:
        header.pop()
    return tuple(header)


def _filled(row: list[str]) -> int:
    """Number of cells up to the last one that holds anything."""
    return max((place + 1 for place, cell in enumerate(row) if cell.strip()), default=0)


def text(cell: Any) -> str:
    """A cell as text without blanks around it; "" for a missing one.

    A whole float is a whole number: pandas stores the node 26 as 26.0 where another one is missing.
    """
    if isinstance(cell, float):
        return "" if cell != cell else str(int(cell)) if cell.is_integer() else str(cell)
    return "" if cell is None else str(cell).strip()
