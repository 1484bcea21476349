"""CSV of ``nvidia-smi --query-gpu=... --format=csv``, with or without header and units."""

from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.clocks.recordings.reader import Gives, Note, header_names
from wattshed.clocks.recordings.smi_names import POWERS, STAMP
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd


class NvidiaSmiLog:
    gives: Gives = "samples"

    def fits(self, head: str) -> bool:
        """By a column of power, or by the stamps of a log without a header."""
        return bool(header_names(head) & POWERS) or bool(STAMP.match(head.lstrip()))

    def read(self, path: Path, block: RecordingBlock, note: Note) -> "pd.DataFrame":
        from wattshed.clocks.recordings.smi_samples import read_smi

        return read_smi(path, block, note)


READER = NvidiaSmiLog()
