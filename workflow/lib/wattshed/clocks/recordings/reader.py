"""What every reader of recordings must do."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from wattshed.clocks.recordings.matching import plain_name
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd

Gives = Literal["runs", "samples"]
Note = Callable[[str], None]


class Reader(Protocol):
    """The plug-in: one layout of files. ``gives`` says whether it reads runs or the samples of a power log.

    A reader may have ``example``, the text of a short file of its layout: the contract test reads it.
    """

    @property
    def gives(self) -> Gives: ...

    def fits(self, head: str) -> bool:
        """Whether a file is of this layout; head: its first lines (up to 4,096 characters)."""
        ...

    def read(self, path: Path, block: RecordingBlock, note: Note) -> "pd.DataFrame":
        """Runs with the columns of ``table.RUNS`` in any number, or samples with ``samples.COLUMNS``.

        note: takes a sentence on what was left out. Raises :class:`Fault` for a file that cannot be used.
        """
        ...


def header_names(head: str) -> set[str]:
    """Lower-case names of a CSV's first line, without quotes and units in brackets."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    return {plain_name(cell) for cell in re.split(r"[,;\t|]", first)}
