"""Where the cells of times are in their file, and the refusals that name such a place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class Places:
    """Where cells are, for messages.

    code: int [R] of each row's cell; row_numbers: [R] of an editor; cells: how many there are, where texts to be read
    come in several such series, one after the other; 0 where they come in one.
    """

    where: str
    code: np.ndarray
    row_numbers: Sequence[int] | np.ndarray
    cells: int = 0

    def row_of_cell(self, cell: int) -> int:
        """Row number of the first row with this cell."""
        if self.cells:
            cell %= self.cells
        return int(self.row_numbers[int(np.argmax(self.code == cell))])

    def at_cell(self, cell: int) -> str:
        """File and row of a cell, as every message begins."""
        return f"{self.where}: row {self.row_of_cell(cell)}"


def empty_time(where: str, row: int) -> Fault:
    """The refusal of a row without a time."""
    return Fault(
        f"{where}: row {row}: the time is empty; expected one such as 2021-03-01 13:00: fill it in or delete the row."
    )


def refuse_unread(bad: np.ndarray, words: pd.Series, places: Places, expected: str) -> None:
    """Raises :class:`Fault` for the first of ``words`` [U] that is ``bad`` [U]."""
    if bad.any():
        cell = int(np.argmax(bad))
        raise Fault(
            f"{places.at_cell(cell)}: time {words.iloc[cell]!r} cannot be read; expected {expected}: rewrite the "
            "column or set data.source.time_format."
        )
