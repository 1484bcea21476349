"""The table that ``dcgmi dmon`` prints: columns between blanks, headers repeated, no time stamps."""

from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.clocks.recordings.reader import Gives, Note
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd


class DcgmLog:
    gives: Gives = "samples"

    def fits(self, head: str) -> bool:
        """By its first line, which begins with ``#Entity``."""
        first = next((line for line in head.splitlines() if line.strip()), "")
        return first.replace(" ", "").startswith("#Entity")

    def read(self, path: Path, block: RecordingBlock, note: Note) -> "pd.DataFrame":
        from wattshed.clocks.recordings.dcgm_samples import read_dcgm

        return read_dcgm(path, block, note)


READER = DcgmLog()
