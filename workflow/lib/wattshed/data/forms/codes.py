"""Texts that repeat in millions of rows, as numbers of a list of different ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


class Codes:
    """Different cells of a column in the order in which they appear, over all blocks of a table.

    clean: what is done to a cell before it is compared; a missing cell is None.
    """

    def __init__(self, clean: Callable[[Any], Any] = lambda cell: cell) -> None:
        self.places: dict[Any, int] = {}
        self._clean = clean
        self._kind: pa.DataType = pa.string()

    def add(self, cells: pa.DictionaryArray) -> np.ndarray:
        """int32 [rows]: the code of each cell."""
        different = cells.dictionary
        if pa.types.is_timestamp(different.type) and different.type.tz is not None:
            # Two hours that one zone shows alike are equal in Python, unless they are in UTC.
            different = different.cast(pa.timestamp(different.type.unit, "UTC"))
        self._kind = different.type
        places = self.places
        codes = [places.setdefault(self._clean(cell), len(places)) for cell in different.to_pylist()]
        if cells.null_count:
            codes.append(places.setdefault(self._clean(None), len(places)))
            return np.array(codes, dtype=np.int32)[cells.indices.fill_null(len(codes) - 1).to_numpy()]
        return np.array(codes, dtype=np.int32)[cells.indices.to_numpy()]

    def cells(self) -> pd.Series:
        """The different cells [U]: text, or times as the file has them."""
        if pa.types.is_string(self._kind):
            return pd.Series(list(self.places), dtype=object).astype("str")
        return pa.array(list(self.places), self._kind).to_pandas()


def time(cell: Any) -> Any:
    """A cell of a time column: text without blanks around it, or what the file has."""
    return cell.strip() if isinstance(cell, str) else cell
