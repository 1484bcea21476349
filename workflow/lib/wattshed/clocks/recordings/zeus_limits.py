"""Traces of power limits as Zeus publishes them: one row per training, time of an epoch and mean power."""

from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.clocks.recordings.reader import Gives, Note, header_names
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd


class ZeusLimits:
    gives: Gives = "runs"

    def fits(self, head: str) -> bool:
        return header_names(head) >= {"power_limit", "time_per_epoch", "average_power"}

    def read(self, path: Path, block: RecordingBlock, note: Note) -> "pd.DataFrame":
        from wattshed.clocks.recordings.zeus_runs import read_limits

        return read_limits(path, block)


READER = ZeusLimits()
