"""Which sign separates the cells of a text: recognised where only one fits all of its first lines."""

import csv
import io
import re
from dataclasses import dataclass

from wattshed.foundation.faults import Fault, one_line

# In the order in which messages list them.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# Excel's own first line.
STATED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Lines:
    """The first lines of a table as cells.

    numbers, ends: first and last line of each row, as an editor counts. rows: the header, then rows of data; blank
    lines are left out.
    """

    separator: str
    numbers: list[int]
    ends: list[int]
    rows: list[list[str]]

    @property
    def width(self) -> int:
        """Number of cells of each row of data, or of the header where there is none."""
        return len(self.rows[1]) if len(self.rows) > 1 else len(self.rows[0])

    @property
    def fits(self) -> bool:
        """Whether all rows have as many cells as the header; empty ones at their ends are allowed."""
        equal = all(len(row) == self.width for row in self.rows[1:])
        beyond = [self.rows[0][self.width :], *(row[len(self.rows[0]) :] for row in self.rows[1:])]
        return len(self.rows[0]) > 1 and equal and not any(cell.strip() for row in beyond for cell in row)


def cut_lines(text: str, separator: str, first_line: int, where: str) -> Lines:
    """Cells of ``text``, whose first line is line ``first_line`` of the file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    numbers, ends, rows, line = [], [], [], first_line
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                numbers.append(line)
                ends.append(first_line + reader.line_num - 1)
                rows.append(row)
            line = first_line + reader.line_num
    except csv.Error as error:
        raise Fault(
            f"{where}: row {line} cannot be read as CSV ({one_line(error)}); expected cells separated by "
            f"{SEPARATORS.get(separator, repr(separator))}: correct the row."
        ) from error
    return Lines(separator, numbers, ends, rows)


def recognise_separator(text: str, first_line: int, where: str) -> Lines:
    """The first lines, cut by the one separator that fits them.

    A text without any is a table of one column. Where none fits all lines, the one with most cells in the header is
    taken, so that a message can name the row that differs. Raises :class:`Fault` where two fit.
    """
    cut = [cut_lines(text, separator, first_line, where) for separator in SEPARATORS]
    several = [lines for lines in cut if lines.rows and len(lines.rows[0]) > 1]
    fitting = [lines for lines in several if lines.fits and len(lines.rows) > 1] or [
        lines for lines in several if lines.fits
    ]
    if len(fitting) > 1:
        signs = " and ".join(SEPARATORS[lines.separator] for lines in fitting)
        raise Fault(
            f"{where}: row {fitting[0].numbers[0]}: both {signs} divide all first rows into equally many cells; "
            "expected one separator: set data.source.separator."
        )
    if fitting:
        return fitting[0]
    if several:
        return max(several, key=lambda lines: len(lines.rows[0]))
    return cut[0] if all(len(row) == 1 for row in cut[0].rows) else cut_lines(text, "\x1f", first_line, where)
