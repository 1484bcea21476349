"""From the place of a reading among those that were kept to the row of its file."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wattshed.data.dialects.opening import Table


@dataclass
class Places(Sequence[int]):
    """Which rows of a table were kept, block by block; row numbers are found only when a message needs one."""

    table: Table
    _firsts: list[int] = field(default_factory=list)
    _blocks: list[tuple[int, np.ndarray | None]] = field(default_factory=list)
    _kept: int = 0
    _seen: int = 0

    def add(self, count: int, kept: np.ndarray | None = None) -> None:
        """A block of ``count`` rows, of which the places ``kept`` were kept; None: all."""
        self._firsts.append(self._kept)
        self._blocks.append((self._seen, kept))
        self._seen += count
        self._kept += count if kept is None else len(kept)

    def __len__(self) -> int:
        return self._kept

    def __getitem__(self, reading: int) -> int:  # type: ignore[override]
        """Row number, as an editor shows it, of a kept row."""
        block = bisect_right(self._firsts, int(reading)) - 1
        start, kept = self._blocks[block]
        place = int(reading) - self._firsts[block]
        return self.table.row_number(start + (place if kept is None else int(kept[place])))
