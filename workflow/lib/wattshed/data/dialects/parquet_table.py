"""Parquet files, read in blocks of the columns that are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wattshed.data.dialects.containers import Container
from wattshed.data.dialects.look import Look, text

ROWS_IN_BLOCK = 1 << 17
SHOWN_ROWS = 200
# What pandas calls an index without a name.
UNNAMED = "__index_level_0__"
# What pyarrow raises for damaged files, beside its own exceptions.
UNREADABLE = (pa.ArrowException, OSError, ValueError)


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file; see :class:`wattshed.data.dialects.opening.Table`."""

    look: Look

    def blocks(self, columns: Sequence[int], coded: Sequence[int]) -> Iterator[list[pa.Array]]:
        container = self.look.container
        with container.open_at_any_place() as stream:
            try:
                file = pq.ParquetFile(stream)
                # The order of the file's own columns; the header has them in another one.
                places = _order(file.schema_arrow)
                names = [file.schema_arrow.names[places[column]] for column in columns]
                for batch in file.iter_batches(ROWS_IN_BLOCK, columns=list(dict.fromkeys(names))):
                    cells = [_plain(batch.column(batch.schema.get_field_index(name))) for name in names]
                    yield [
                        pc.dictionary_encode(cell) if column in coded else cell
                        for column, cell in zip(columns, cells, strict=True)
                    ]
            except UNREADABLE as error:
                raise container.damaged(error) from error

    def row_number(self, index: int) -> int:
        return index + 2


def look_at_parquet(container: Container) -> Look:
    with container.open_at_any_place() as stream:
        try:
            file = pq.ParquetFile(stream)
            schema = file.schema_arrow
            order = _order(schema)
            batch = next(file.iter_batches(SHOWN_ROWS), None)
            shown = [[] if batch is None else _shown(batch.column(place)) for place in order]
        except UNREADABLE as error:
            raise container.damaged(error) from error
    names = ["" if schema.names[place] == UNNAMED else schema.names[place].strip() for place in order]
    return Look(container, tuple(names), tuple(zip(*shown, strict=True)), width=len(names))


def _order(schema: pa.Schema) -> list[int]:
    """Places of the columns: an index of pandas, which is stored last, comes first."""
    index = [place for place, name in enumerate(schema.names) if name == UNNAMED or name in _index_of(schema)]
    return index + [place for place in range(len(schema.names)) if place not in index]


def _index_of(schema: pa.Schema) -> list[str]:
    columns = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in columns if isinstance(name, str)]


def _plain(cells: pa.Array) -> pa.Array:
    """Strings as one kind of string, and categories as what they are categories of."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = pc.cast(cells, pa.string())
    if pa.types.is_date(cells.type):
        cells = pc.cast(cells, pa.timestamp("s"))
    return cells


def _shown(cells: pa.Array) -> list[str]:
    return [text(cell) for cell in _plain(cells).to_pylist()]
