"""The rows of one table in compact columns: codes of times and nodes, and readings as numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.data.dialects.look import text
from wattshed.data.dialects.numbers import BadCell, NumberReader
from wattshed.data.dialects.opening import Table
from wattshed.data.forms.codes import Codes
from wattshed.data.forms.joined_time import JoinedTime
from wattshed.data.forms.places import Places
from wattshed.data.forms.roles import Roles
from wattshed.foundation.faults import Fault


@dataclass
class Rows:
    """The kept rows of a table, R of them.

    time: int32 [R], codes of ``times`` [U]; None where the file has none. number: int16 [R], hours or periods, or None.
    node: int32 [R], codes of ``nodes``; None where the table has no column of nodes. values: float [R, columns of
    values], or [R] where there is one. rows: numbers of the rows, for messages.
    """

    table: Table
    time: np.ndarray | None
    times: pd.Series
    number: np.ndarray | None
    node: np.ndarray | None
    nodes: list[str]
    values: np.ndarray
    rows: Places


class RowReader:
    """Reads the rows of one table, once."""

    def __init__(
        self, table: Table, roles: Roles, numbers: NumberReader, kind: type[np.floating] = np.float32
    ) -> None:
        self._table, self._roles, self._numbers, self._kind = table, roles, numbers, kind
        self._where = str(table.look.path)
        self._places = Places(table)
        self._time, self._node = JoinedTime(len(roles.time)), Codes(text)
        self._number = Codes(text)

    def read(self) -> Rows:
        """Raises :class:`Fault`, with row and column, for a cell that cannot be read and where no row is left."""
        blocks = list(self._blocks())
        if not len(self._places):
            raise self._nothing_left()
        columns = [list(column) for column in zip(*blocks, strict=True)]
        del blocks
        joined = []
        while columns:
            parts = columns.pop(0)
            joined.append(None if parts[0] is None else np.concatenate(parts))
            parts.clear()
        time, number, node, values = joined
        assert values is not None
        return Rows(
            self._table,
            time,
            self._time.cells(),
            None if number is None else self._whole_numbers(number),
            node,
            list(self._node.places),
            values,
            self._places,
        )

    def _blocks(self) -> Iterator[tuple[np.ndarray | None, ...]]:
        roles = self._roles
        coded = [*roles.time, *([] if roles.number is None else [roles.number])]
        coded += [*([] if roles.node is None else [roles.node]), *(place for place, _ in roles.rows)]
        wanted = [*coded, *roles.values]
        for cells in self._table.blocks(wanted, coded):
            count = len(cells[0])
            if not count:
                continue
            kept = self._kept(cells, len(coded))
            if kept is not None:
                cells = [cell.take(pa.array(kept)) for cell in cells]
            self._places.add(count, kept)
            if kept is not None and not len(kept):
                continue
            yield self._compact(cells, len(coded))

    def _kept(self, cells: list[pa.Array], coded: int) -> np.ndarray | None:
        """Places of the rows that have the wanted texts and are not wholly empty; None: all."""
        kept = None
        for (_, texts), column in zip(
            self._roles.rows, cells[coded - len(self._roles.rows) : coded], strict=True
        ):
            wanted = np.array([text(cell) in texts for cell in column.dictionary.to_pylist()] + [False])
            has = wanted[column.indices.fill_null(len(wanted) - 1).to_numpy()]
            kept = has if kept is None else kept & has
        first = cells[0]
        if coded and _may_be_empty(first):
            filled = np.zeros(len(first), dtype=bool)
            for cell in cells:
                filled |= _filled(cell)
            kept = filled if kept is None else kept & filled
        return None if kept is None or kept.all() else np.flatnonzero(kept)

    def _compact(self, cells: list[pa.Array], coded: int) -> tuple[np.ndarray | None, ...]:
        roles = self._roles
        times = len(roles.time)
        time = self._time.add(cells[:times]) if times else None
        number = None if roles.number is None else self._number.add(cells[times])
        node = None
        if roles.node is not None:
            node = self._node.add(cells[times + (number is not None)])
            self._require_name(node)
        values = self._values(cells[coded:])
        return time, number, node, values

    def _require_name(self, node: np.ndarray) -> None:
        empty = self._node.places.get("")
        if empty is not None:
            row = self._row(int(np.argmax(node == empty)), len(node))
            raise Fault(
                f"{self._where}: row {row}: the node is empty; expected its name: fill it in or delete the row."
            )

    def _values(self, cells: list[pa.Array]) -> np.ndarray:
        count = len(cells[0])
        self._numbers.decide(cells)
        try:
            if len(cells) == 1:
                return self._numbers.read(cells[0]).astype(self._kind)
            if len({cell.type for cell in cells}) == 1:
                # One call for all columns: a table of 8,000 nodes has thousands of short ones in each block.
                together: np.ndarray = self._numbers.read(pa.concat_arrays(cells)).astype(self._kind)
                return np.ascontiguousarray(together.reshape(len(cells), count).T)
        except BadCell as bad:
            raise self._bad(bad, bad.place // count, bad.place % count, count) from bad
        values: np.ndarray = np.empty((count, len(cells)), dtype=self._kind)
        for column, cell in enumerate(cells):
            try:
                values[:, column] = self._numbers.read(cell)
            except BadCell as bad:
                raise self._bad(bad, column, bad.place, count) from bad
        return values

    def _bad(self, bad: BadCell, column: int, place: int, count: int) -> Fault:
        name = self._table.look.header[self._roles.values[column]]
        return Fault(f"{self._where}: row {self._row(place, count)}, column {name!r}: {bad.says}")

    def _row(self, place: int, count: int) -> int:
        """Number of a row of the block of ``count`` kept rows that was added last."""
        return self._places[len(self._places) - count + place]

    def _whole_numbers(self, codes: np.ndarray) -> np.ndarray:
        """int16 [R]: hours or periods of the day."""
        found = []
        for cell in self._number.places:
            number = cell.removesuffix(".0")
            if not number.isdecimal() or int(number) > 300:
                row = self._places[int(np.argmax(codes == self._number.places[cell]))]
                name = self._table.look.header[self._roles.number or 0]
                raise Fault(
                    f"{self._where}: row {row}, column {name!r}: {cell!r} is not a number of an hour or period of "
                    "the "
                    "day; expected a whole number such as 1 to 24; for times of day such as 13:00 set "
                    "data.source.time_column to a list of both columns."
                )
            found.append(int(number))
        return np.array(found, dtype=np.int16)[codes]

    def _nothing_left(self) -> Fault:
        if not self._roles.rows:
            return Fault(
                f"{self._where} has no rows below its header; expected readings: fill it or correct the path."
            )
        place, texts = self._roles.rows[0]
        return Fault(
            f"{self._where}: no row has {', '.join(sorted(map(repr, texts)))} in column "
            f"{self._table.look.header[place]!r}; expected at least one: correct data.source.rows."
        )


def _may_be_empty(cell: pa.DictionaryArray) -> bool:
    """Whether some cells of a column of times hold nothing."""
    unique = cell.dictionary
    if cell.null_count or not len(unique) or not pa.types.is_string(unique.type):
        return bool(cell.null_count)
    return pc.min(pc.utf8_length(pc.utf8_trim_whitespace(unique))).as_py() == 0


def _filled(cell: pa.Array) -> np.ndarray:
    """bool [rows]: whether a cell holds anything."""
    if isinstance(cell, pa.DictionaryArray):
        known = np.array([text(one) != "" for one in cell.dictionary.to_pylist()] + [False])
        return known[cell.indices.fill_null(len(known) - 1).to_numpy()]
    if pa.types.is_string(cell.type):
        return pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(cell), ""), False).to_numpy(
            zero_copy_only=False
        )
    return cell.is_valid().to_numpy(zero_copy_only=False)
