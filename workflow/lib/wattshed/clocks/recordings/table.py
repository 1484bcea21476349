"""A table with one row per run: wattshed's own, and tables of others with columns of such meanings."""

from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.clocks.recordings.matching import with_units
from wattshed.clocks.recordings.reader import Gives, Note, header_names
from wattshed.clocks.recordings.table_names import ALIASES, SETTINGS
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd


def _names(ours: str) -> set[str]:
    return set(with_units(ours, ALIASES[ours]))


class Table:
    gives: Gives = "runs"

    def fits(self, head: str) -> bool:
        """By columns of a setting, of time, and of power or energy."""
        names = header_names(head)
        setting = any(names & _names(name) for name in SETTINGS)
        cost = names & (_names("power_w") | _names("energy_j"))
        return bool(setting and names & _names("time_s") and cost)

    def read(self, path: Path, block: RecordingBlock, note: Note) -> "pd.DataFrame":
        from wattshed.clocks.recordings.table_runs import read_table

        return read_table(path, block, note)


READER = Table()
