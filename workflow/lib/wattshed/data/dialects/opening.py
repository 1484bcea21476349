"""Any table: its first rows, and its columns in blocks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from wattshed.data.dialects.containers import Container, container_of
from wattshed.data.dialects.look import Dialect, Look, look_at_text
from wattshed.data.dialects.parquet_table import ParquetTable, look_at_parquet
from wattshed.data.dialects.text_table import TextTable
from wattshed.data.dialects.workbook import open_workbook
from wattshed.foundation.faults import Fault


class Table(Protocol):
    """One table of one file."""

    @property
    def look(self) -> Look: ...

    def blocks(self, columns: Sequence[int], coded: Sequence[int]) -> Iterator[list[pa.Array]]:
        """The rows in blocks, in the file's order: an array for each of ``columns`` (places in the header).

        Columns of ``coded`` come as dictionary arrays. Others are strings, or numbers and times where the file has
        them. Raises :class:`Fault`, with the row, where the file cannot be read.
        """
        ...

    def row_number(self, index: int) -> int:
        """Number of a row of data (from 0) as an editor shows it."""
        ...


def look(path: Path, dialect: Dialect) -> Look:
    """The first rows of any table. Raises :class:`Fault` where they cannot be read in exactly one way."""
    container = container_of(path)
    if container.content == "text":
        return look_at_text(container, dialect)
    if container.content == "parquet":
        return look_at_parquet(container)
    return open_workbook(container, dialect).look


def open_table(path: Path, dialect: Dialect) -> Table:
    """The table of a file. Raises :class:`Fault` as :func:`look`, and for repeated names and a file without rows."""
    container = container_of(path)
    table = _open(container, dialect)
    _refuse_repeated_names(table.look)
    if not table.look.rows and next(iter(table.blocks([0], [0])), None) is None:
        raise Fault(f"{path} has no rows below its header; expected readings: fill it or correct the path.")
    return table


def _open(container: Container, dialect: Dialect) -> Table:
    if container.content == "text":
        return TextTable(look_at_text(container, dialect))
    if container.content == "parquet":
        return ParquetTable(look_at_parquet(container))
    return open_workbook(container, dialect)


def _refuse_repeated_names(look: Look) -> None:
    repeated = [name for name, count in Counter(look.header).items() if name and count > 1]
    if repeated:
        raise Fault(
            f"{look.path}: row {look.header_row}: column {repeated[0]!r} occurs twice; expected unique column names: "
            "rename one."
        )
