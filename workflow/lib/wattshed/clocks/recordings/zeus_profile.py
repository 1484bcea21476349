"""Profiles that Zeus' search of power limits writes: one window per power limit, with the energy of each GPU."""

from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.clocks.recordings.reader import Gives, Note, header_names
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd


class ZeusProfile:
    gives: Gives = "runs"

    def fits(self, head: str) -> bool:
        return header_names(head) >= {"window_name", "elapsed_time"}

    def read(self, path: Path, block: RecordingBlock, note: Note) -> "pd.DataFrame":
        from wattshed.clocks.recordings.zeus_runs import read_profile

        return read_profile(path, block, note)


READER = ZeusProfile()
