"""Cells as numbers: by pyarrow, in blocks, with the first cell that is not a number named."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.data.dialects.decimals import OTHER, recognise_decimal
from wattshed.data.dialects.missing import Missing

LARGEST = float(np.finfo(np.float32).max)
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
MANY = 2000


class BadCell(Exception):
    """A cell that is not a reading: its place in the block, and the rest of the sentence."""

    def __init__(self, place: int, says: str) -> None:
        super().__init__(says)
        self.place, self.says = place, says


@dataclass
class NumberReader:
    """Reads cells of one table. The decimal sign is what the first cells with a sign decide, unless it is stated."""

    decimal: str | None
    thousands: str | None
    missing: Missing
    separator: str | None
    where: str

    def decide(self, columns: list[pa.Array]) -> None:
        """Find the decimal sign in columns of text; it stays unknown while all cells are whole numbers."""
        if self.decimal is not None:
            return
        if self.thousands in OTHER:
            self.decimal = OTHER[self.thousands]
            return
        cells: dict[str, None] = {}
        for column in columns:
            if pa.types.is_string(column.type):
                signed = column.filter(pc.match_substring_regex(column, "[.,]"))
                cells.update(dict.fromkeys(signed[: MANY * 10].unique().to_pylist()[:MANY]))
        self.decimal = recognise_decimal(cells, self.separator, self.where)

    def read(self, column: pa.Array) -> np.ndarray:
        """float64 [rows], NaN where a reading is missing. Raises :class:`BadCell`."""
        kind = column.type
        if pa.types.is_string(kind):
            values = self._read_text(column)
        elif pa.types.is_null(kind):
            return np.full(len(column), np.nan)
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        else:
            raise BadCell(
                0, f"{str(column[0].as_py())!r} ({kind}) is not a number; expected a number: {_CURE}"
            )
        if not values.flags.writeable:
            values = values.copy()
        for number in self.missing.numbers:
            values[values == number] = np.nan
        beyond = np.abs(values) > LARGEST
        if beyond.any():
            place = int(np.argmax(beyond))
            if np.isinf(values[place]) and not pa.types.is_string(kind):
                raise BadCell(place, f"{values[place]:g} is not a number; expected a finite one: {_CURE}")
            shown = str(column[place].as_py()).strip() if np.isinf(values[place]) else f"{values[place]:g}"
            raise BadCell(
                place, f"{shown} does not fit 32-bit floats; expected at most {LARGEST:.1e}: {_CURE}"
            )
        return values

    def _read_text(self, column: pa.Array) -> np.ndarray:
        if self.thousands is None and self.decimal != ",":
            try:
                # Most blocks are plain numbers, or become so without the usual empty cells.
                values: np.ndarray = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
                if np.isfinite(values).all():
                    return values
            except pa.ArrowInvalid:
                pass
        text = pc.utf8_trim_whitespace(column)
        absent = pc.is_in(pc.utf8_lower(text), pa.array(sorted(self.missing.texts)))
        text = pc.if_else(pc.or_kleene(absent, pc.is_null(text)), pa.scalar(None, pa.string()), text)
        plain = self._plain(text)
        good = pc.fill_null(pc.match_substring_regex(plain, NUMBER), True).to_numpy(zero_copy_only=False)
        if not good.all():
            place = int(np.argmin(good))
            raise BadCell(place, self._cure(str(column[place].as_py()).strip()))
        found: np.ndarray = pc.cast(pc.utf8_ltrim(plain, characters="+"), pa.float64()).to_numpy(
            zero_copy_only=False
        )
        return found

    def _plain(self, text: pa.Array) -> pa.Array:
        """Numbers with a decimal point and without signs of thousands; "?" for cells that break the rules."""
        decimal = self.decimal or "."
        broken = pa.scalar("?")
        if self.thousands is not None:
            if self.thousands == " ":
                text = pc.replace_substring_regex(text, "[\u00a0\u202f]", " ")
            sign = re.escape(self.thousands)
            grouped = pc.match_substring_regex(
                text, rf"^[+-]?\d{{1,3}}({sign}\d{{3}})+({re.escape(decimal)}\d*)?$"
            )
            has = pc.match_substring(text, self.thousands)
            without = pc.replace_substring(text, self.thousands, "")
            text = pc.if_else(has, pc.if_else(grouped, without, broken), text)
        if decimal == ",":
            pointed = pc.match_substring(text, ".")
            text = pc.if_else(pointed, broken, pc.replace_substring(text, ",", "."))
        return text

    def _cure(self, cell: str) -> str:
        decimal = self.decimal or "."
        signs = [sign for sign in ",." if sign in cell and re.fullmatch(r"[+-]?[\d.,]+", cell)]
        if (decimal == "." and "," in signs) or (decimal == "," and "." in signs):
            return (
                f"{cell!r} is not a number with the decimal sign {decimal!r}; expected numbers of one kind: correct "
                "the cell, or set data.source.decimal or data.source.thousands."
            )
        if re.fullmatch(r"[+-]?\d+[ '\u00a0\u202f]\d{3}.*", cell):
            return f"{cell!r} is not a number; expected one without blanks: set data.source.thousands."
        return (
            f"{cell!r} is not a number; expected a number with a decimal "
            f"{'comma' if decimal == ',' else 'point'}, or "
            f"an empty cell if there is no reading: correct the cell, or list its text in data.source.missing."
        )


_CURE = "correct the cell, or list its text in data.source.missing."
