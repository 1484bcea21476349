"""A table with one row per run: wattshed's own, and tables of others with columns of such meanings."""

from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.clocks.recordings.reader import Gives, Note, header_names
from wattshed.config.clocks.recording import RecordingBlock

if TYPE_CHECKING:
    import pandas as pd

# Our column -> other names of it; case does not count.
ALIASES: dict[str, tuple[str, ...]] = {
    "gpu": ("gpu_name", "gpu_type", "gpu_model", "device"),
    "gpu_uuid": ("uuid",),
    "workload": ("application", "app", "appname", "model", "benchmark", "task"),
    "knob": (),
    "setting": (),
    "clock_mhz": ("freq_mhz", "frequency_mhz", "core_frequency", "sm_clock_mhz", "frequency", "coref"),
    "power_limit_w": ("power_limit",),
    "applied": (),
    "repeat": ("rep", "repetition"),
    "order": ("run", "sequence"),
    "warm": (),
    "time_s": ("duration_s", "duration_seconds", "elapsed_s", "runtime_s", "time"),
    "energy_j": ("energy_joules", "energy"),
    "power_w": ("average_power_w", "mean_power_w", "average_power", "power"),
    "energy_by": (),
    "label": (),
    "throttled": (),
    "temperature_c": ("temperature",),
}
SETTINGS = ("setting", "clock_mhz", "power_limit_w")


def _names(ours: str) -> set[str]:
    return {ours, *ALIASES[ours]}


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

        return read_table(path, block)


READER = Table()
