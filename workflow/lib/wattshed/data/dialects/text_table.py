"""Text tables, read by pyarrow in blocks of the columns that are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv

from wattshed.data.dialects.encodings import not_utf8
from wattshed.data.dialects.line_numbers import line_of, numbered_rows
from wattshed.data.dialects.look import Look
from wattshed.data.dialects.separators import SEPARATORS
from wattshed.data.dialects.utf8 import open_utf8
from wattshed.foundation.faults import Fault, one_line

BLOCK_BYTES = 4 << 20
# A block must hold at least some rows of the widest tables.
ROWS_IN_BLOCK = 64
CODES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class TextTable:
    """A text; see :class:`wattshed.data.dialects.opening.Table`."""

    look: Look

    def blocks(self, columns: Sequence[int], coded: Sequence[int]) -> Iterator[list[pa.Array]]:
        look = self.look
        names = [str(place) for place in range(look.width)]
        beyond = list(range(len(look.header), look.width))
        wanted = [*columns, *beyond]
        types = {names[column]: CODES if column in coded else pa.string() for column in wanted}
        row_bytes = max((sum(len(cell) + 1 for cell in row) for row in look.rows[:5]), default=100)
        read = pa_csv.ReadOptions(
            column_names=names, block_size=max(BLOCK_BYTES, ROWS_IN_BLOCK * row_bytes), use_threads=True
        )
        parse = pa_csv.ParseOptions(
            delimiter=look.separator or ",",
            newlines_in_values=look.quoted_lines,
            invalid_row_handler=self._pass_blank,
        )
        convert = pa_csv.ConvertOptions(
            column_types=types, include_columns=[names[column] for column in wanted]
        )
        with open_utf8(look.container, look.encoding or "utf-8", look.mark_bytes, look.data_start) as stream:
            try:
                for batch in pa_csv.open_csv(stream, read, parse, convert):
                    for place, column in enumerate(beyond, start=len(columns)):
                        self._require_empty(batch.column(place), column)
                    yield [batch.column(place) for place in range(len(columns))]
            except (pa.ArrowInvalid, UnicodeDecodeError) as error:
                if "Empty CSV file" in str(error):
                    return
                raise self._fault(error) from error

    def row_number(self, index: int) -> int:
        return line_of(self.look, index)

    def _pass_blank(self, row: pa_csv.InvalidRow) -> str:
        blank = not row.text.replace(self.look.separator or ",", "").replace('"', "").strip()
        return "skip" if blank else "error"

    def _require_empty(self, cells: pa.Array, column: int) -> None:
        if any(text.strip() for text in cells.unique().to_pylist()):
            raise self._ragged() or Fault(f"{self.look.path}: column {column + 1} has no name in the header.")

    def _ragged(self) -> Fault | None:
        """The sentence about the first row with another number of cells than the header; None if there is none."""
        header = len(self.look.header)
        for line, cells in numbered_rows(self.look):
            if len(cells) != self.look.width or any(cell.strip() for cell in cells[header:]):
                sign = self.look.separator or ","
                return Fault(
                    f"{self.look.path}: row {line} has {len(cells)} cells and the header {header}; expected as "
                    "many in "
                    f"each, separated by {SEPARATORS.get(sign, repr(sign))}: correct the row, or set "
                    "data.source.separator."
                )
        return None

    def _fault(self, error: BaseException) -> Fault:
        path = self.look.path
        if "invalid UTF8" in str(error):
            with open_utf8(self.look.container, "utf-8", self.look.mark_bytes) as stream:
                before, row = b"", 1
                while content := stream.read(1 << 20):
                    whole, _, rest = (before + content).rpartition(b"\n")
                    try:
                        whole.decode("utf-8")
                    except UnicodeDecodeError as wrong:
                        return not_utf8(str(path), whole, row + whole.count(b"\n", 0, wrong.start))
                    row, before = (
                        row + whole.count(b"\n") + (1 if whole or rest != before + content else 0),
                        rest,
                    )
            return not_utf8(str(path), before, row)
        ragged = self._ragged()
        return ragged or Fault(
            f"{path} cannot be read as CSV ({one_line(error)}); expected a complete, well-formed file: correct "
            "it, or "
            "set data.source.separator."
        )
