"""The time columns of a table: one, or several that are joined to one text."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from wattshed.data.dialects.look import text
from wattshed.data.forms.codes import Codes, time

MIDNIGHT = re.compile(r"[ T]00:00:00(\.0+)?$")


class JoinedTime:
    """Codes of times over all blocks; a day, a month and a year as numbers become a date of ISO 8601."""

    def __init__(self, columns: int) -> None:
        self._codes = Codes(time)
        self._parts = [Codes(text) for _ in range(columns)] if columns > 1 else []
        self._joined: dict[tuple[int, ...], int] = {}

    def add(self, cells: Sequence[pa.DictionaryArray]) -> np.ndarray:
        """int32 [rows]: code of each row's time."""
        if not self._parts:
            return self._codes.add(cells[0])
        parts = [codes.add(cell) for codes, cell in zip(self._parts, cells, strict=True)]
        together = parts[0].astype(np.int64)
        for codes, part in zip(self._parts[1:], parts[1:], strict=True):
            together = together * len(codes.places) + part
        place, unique = pd.factorize(together)
        first = np.full(len(unique), -1)
        first[place[::-1]] = np.arange(len(place))[::-1]
        codes_of = [
            self._joined.setdefault(tuple(int(part[row]) for part in parts), len(self._joined))
            for row in first
        ]
        return np.array(codes_of, dtype=np.int32)[place]

    def cells(self) -> pd.Series:
        """The different times [U]."""
        if not self._parts:
            cells = self._codes.cells()
            return cells.mask(cells == "") if pd.api.types.is_string_dtype(cells.dtype) else cells
        names = [list(codes.places) for codes in self._parts]
        joined = [join([names[place][code] for place, code in enumerate(codes)]) for codes in self._joined]
        cells = pd.Series(joined, dtype=object).astype("str")
        return cells.mask(cells == "")


def join(parts: Sequence[str]) -> str:
    """2021, 3, 1 and perhaps hour and minute as 2021-03-01 05:00; any other parts with a blank between them."""
    whole = [part.removesuffix(".0") for part in parts]
    if len(parts) >= 3 and all(part.isdecimal() for part in whole) and len(whole[0]) == 4:
        date = f"{whole[0]}-{int(whole[1]):02d}-{int(whole[2]):02d}"
        clock = [f"{int(part):02d}" for part in whole[3:]]
        return f"{date} {':'.join(clock + ['00'] * (len(clock) == 1))}" if clock else date
    # A date that a workbook or a database keeps as a time at midnight.
    return " ".join([MIDNIGHT.sub("", parts[0]), *parts[1:]]) if all(parts) else ""
