"""Tables of cells between separators, as columns of text; each cell is still as the file has it."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from wattshed.clocks.recordings.opening import filled_lines, is_blank, line_of, read_text
from wattshed.clocks.recordings.reader import Note
from wattshed.foundation.faults import Fault

SEPARATORS = ",;\t|"
MOST_NAMES_WITH_SEPARATORS = 64
# Two lines run into one where a logger was killed and started again.
STAMPED = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d")
# A number alone, or with a unit, cannot belong to a GPU's name: its line has decimal commas.
READING = re.compile(r"^[-+]?\d+(\.\d+)?(\s*(W|mW|kW|MHz|GHz|%|C|J|MiB))?$")


@dataclass
class Delimited:
    """Cells by column. names: of all columns; skipped: lines above the first row."""

    path: Path
    names: list[str]
    separator: str
    skipped: int
    table: pa.Table
    is_parquet: bool = False
    header: bytes | None = None  # if it is repeated between the rows
    _lines: list[int] | None = None

    def texts(self, name: str) -> pa.ChunkedArray:
        return self.table.column(name)

    def line(self, row: int) -> int:
        """The number that an editor shows for a row (from 0)."""
        return self.lines()[row] if row < len(self.lines()) else row + self.skipped + 1

    def lines(self) -> list[int]:
        """Of all rows. The file is read again once, and only where a line is named; Parquet has rows alone."""
        if self._lines is None:
            rows = self.table.num_rows
            self._lines = list(range(1, rows + 1)) if self.is_parquet else self._filled()
            self._lines = self._lines[0 if self.is_parquet else self.skipped :]
        return self._lines

    def _filled(self) -> list[int]:
        content = read_text(self.path)
        return filled_lines(content if self.header is None else _without_repeated(content, self.header)[0])


def read_delimited(
    path: Path,
    content: bytes,
    *,
    names: list[str] | None = None,
    wanted: set[str] | None = None,
    named_things: str | None = None,
    log: Note | None = None,
) -> Delimited:
    """Read a table with a header, or with the given ``names``.

    wanted: the columns to keep, all if None. named_things: the column that may hold separators without quotes, as the
    names of GPUs do. log: the file is a log, so that a last line without its end is left out; it takes the sentence on
    that. A header that is repeated between the rows is left out. Raises :class:`Fault`.
    """
    first = next(line for line in content[: 1 << 16].split(b"\n") if line.strip())
    shown = first.decode("utf-8", "replace")
    separator = max(SEPARATORS, key=shown.count)
    skipped, repeated = 0, False
    if names is None:
        names, skipped = _header(path, shown, separator), 1
        content, repeated = _without_repeated(content, first)
    ends = len(content)
    if log is not None and not content.endswith(b"\n"):
        ends = content.rfind(b"\n") + 1
        log(f"{path}: its last line was not finished and is left out.")
    begins = content.index(first) + len(first) + 1 if skipped else 0
    if begins >= ends or is_blank(content[begins : begins + 4096]):
        raise Fault(f"{path} has no rows below its header: expected measurements; correct the path.")
    rows = _Rows(path, names, separator, skipped, named_things, first if repeated else None)
    table = rows.read(content, begins, ends, wanted)
    return Delimited(path, names, separator, skipped, table, header=first if repeated else None)


def _without_repeated(content: bytes, header: bytes) -> tuple[bytes, bool]:
    """The content with one header, where a recorder that was started again wrote it again; whether it did."""
    begins = content.index(header) + len(header)
    if content.find(b"\n" + header + b"\n", begins) < 0:
        return content, False
    # Line ends are kept, so that lines keep their numbers. Two at once share a line end.
    above, rest = content[:begins], content[begins:]
    for _ in range(2):
        rest = rest.replace(b"\n" + header + b"\n", b"\n\n")
    return above + rest, True


def _header(path: Path, line: str, separator: str) -> list[str]:
    cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    names = [cell.strip() or f"(column {number})" for number, cell in enumerate(cells, 1)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Fault(f"{path}: the column {repeated[0]!r} occurs twice: expected each name once; rename one.")
    return names


@dataclass
class _Rows:
    path: Path
    names: list[str]
    separator: str
    skipped: int
    named_things: str | None
    header: bytes | None

    def read(self, content: bytes, begins: int, ends: int, wanted: set[str] | None) -> pa.Table:
        for _ in range(MOST_NAMES_WITH_SEPARATORS):
            wrong: list[pa_csv.InvalidRow] = []
            try:
                table = self._parse(pa.py_buffer(content).slice(begins, ends - begins), wanted, wrong)
            except pa.ArrowInvalid as error:
                raise Fault(
                    f"{self.path} cannot be read as a table ({' '.join(str(error).split())}): expected "
                    f"{len(self.names)} cells in each line; correct the file."
                ) from error
            if not wrong:
                return table
            content = self._quoted(content[begins:ends], wrong[0])
            begins, ends = 0, len(content)
        raise Fault(f"{self.path}: too many lines have more cells than the header: put names into quotes.")

    def _parse(self, rows: pa.Buffer, wanted: set[str] | None, wrong: list[pa_csv.InvalidRow]) -> pa.Table:
        def keep(row: pa_csv.InvalidRow) -> str:
            if not wrong:
                wrong.append(row)
            return "skip"

        return pa_csv.read_csv(
            rows,
            read_options=pa_csv.ReadOptions(column_names=self.names, use_threads=False),
            parse_options=pa_csv.ParseOptions(delimiter=self.separator, invalid_row_handler=keep),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in self.names},
                include_columns=[name for name in self.names if wanted is None or name in wanted],
                strings_can_be_null=False,
            ),
        )

    def _quoted(self, rows: bytes, wrong: pa_csv.InvalidRow) -> bytes:
        """The rows with quotes around the name that made a row too long."""
        extra = wrong.actual_columns - wrong.expected_columns
        if extra > 0 and self.named_things in self.names:
            at = self.names.index(self.named_things)
            raw = self.separator.join(wrong.text.split(self.separator)[at : at + extra + 1])
            name = raw.strip().strip('"').strip()
            parts = [part.strip().strip('"').strip() for part in raw.split(self.separator)]
            if (
                raw.encode() in rows
                and any(letter.isalpha() for letter in name)
                and not any(
                    READING.match(part) or STAMPED.search(part) or part in self.names for part in parts
                )
            ):
                return rows.replace(raw.encode(), f'"{name}"'.encode())
        number = (wrong.number or 1) - 1
        content = read_text(self.path)
        if self.header is not None:
            content = _without_repeated(content, self.header)[0]
        raise Fault(
            f"{self.path}, line {line_of(content, number, self.skipped)} has {wrong.actual_columns} "
            f"cells: expected {wrong.expected_columns} as in the header; correct or remove the line, or put cells with "
            "the separator in them, such as decimal commas, into quotes."
        )
