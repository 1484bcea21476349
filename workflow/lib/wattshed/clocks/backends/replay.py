"""Replays a recorded clock sweep in its recorded order, without measuring."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wattshed.clocks.backends.protocol import ClockReading, Label
from wattshed.clocks.runs import CLOCK
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    import torch

COLUMNS = ("gpu", "workload", "run", "rep", "freq_mhz", "time_s", "power_w")
NUMBERS = COLUMNS[2:]


class RecordedClocks:
    """Clock back end over one GPU and workload of a CSV with the columns gpu, workload, run, rep, freq_mhz,
    time_s and power_w; further columns are ignored.

    Energy is power_w x time_s. A recorded energy_j is not used: in the public sweeps it is mean power x
    samples x an assumed period and exceeds power x time by up to a factor of 4.3.
    """

    name = "replay"
    label: Label = "recorded"
    gpu_uuid = None
    knob = CLOCK

    def __init__(self, block: ReplayBlock) -> None:
        self.gpu = block.gpu
        self.workload = block.workload
        self._runs = _read_runs(block)
        self._locked_mhz = self.settings()[-1]
        self._replayed: dict[int, int] = {}

    def settings(self) -> tuple[int, ...]:
        return tuple(int(clock) for clock in sorted(self._runs["freq_mhz"].unique()))

    def lock(self, setting: int) -> None:
        if setting not in self.settings():
            raise ValueError(f"{setting} MHz was not recorded for {self.gpu}")
        self._locked_mhz = setting

    def applied(self) -> None:
        """Unknown: the recordings contain the clock that was requested, not the one that was applied."""

    def reset(self) -> None:
        self._locked_mhz = self.settings()[-1]

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        """The next recorded run at the locked clock; after the last one the first one again. The arguments are
        ignored."""
        runs = self._runs[self._runs["freq_mhz"] == self._locked_mhz]
        turn = self._replayed.get(self._locked_mhz, 0)
        self._replayed[self._locked_mhz] = turn + 1
        run = runs.iloc[turn % len(runs)]
        time_s = float(run["time_s"])
        return ClockReading(time_s, time_s * float(run["power_w"]), applied=None, energy_by="mean_power")

    def recorded_sweep(self) -> pd.DataFrame:
        """All runs in the columns of a sweep; the recordings do not say which of them were warm-up."""
        runs = self._runs
        return pd.DataFrame(
            {
                "backend": self.name,
                "label": self.label,
                "gpu": self.gpu,
                "gpu_uuid": pd.array([pd.NA] * len(runs), dtype="string"),
                "workload": self.workload,
                "knob": self.knob.name,
                "setting": runs["freq_mhz"].astype("int64"),
                "applied": pd.array([pd.NA] * len(runs), dtype="Int64"),
                "repeat": runs["rep"].astype("int64"),
                "order": runs["run"].astype("int64"),
                "warm": True,
                "time_s": runs["time_s"],
                "energy_j": runs["time_s"] * runs["power_w"],
                "power_w": runs["power_w"],
                "energy_by": "mean_power",
                "throttled": False,
                "temperature_c": float("nan"),
            }
        )


def _read_runs(block: ReplayBlock) -> pd.DataFrame:
    path = Path(block.path)
    if not path.is_file():
        raise Fault(f"{path} does not exist: expected a recorded clock sweep; correct clocks.replay.path.")
    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise Fault(f"{path} cannot be read as CSV ({reason}): expected a recorded clock sweep.") from error
    lacking = [column for column in COLUMNS if column not in table]
    if lacking:
        raise Fault(
            f"{path} has no column {', '.join(lacking)}: expected {', '.join(COLUMNS)}; rename or add it."
        )
    runs = table[(table["gpu"] == block.gpu) & (table["workload"] == block.workload)]
    if runs.empty:
        known = sorted({f"{gpu} {work}" for gpu, work in zip(table["gpu"], table["workload"], strict=True)})
        raise Fault(
            f"{path} has no run of {block.workload!r} on {block.gpu!r}: expected one of "
            f"{', '.join(known) or 'none (the table is empty)'}; correct clocks.replay."
        )
    for column in NUMBERS:
        numbers = pd.to_numeric(runs[column], errors="coerce")
        wrong = runs.index[~((numbers > 0) & (numbers < float("inf")))]
        if len(wrong):
            raise Fault(
                f"{path}, line {int(wrong[0]) + 2}: {column} is {table[column][wrong[0]]}; expected a "
                "positive number: correct or remove the line."
            )
        runs = runs.assign(**{column: numbers})
    return runs.sort_values("run", kind="stable").reset_index(drop=True)


class ReplayBackend:
    def open(self, block: ClocksBlock) -> RecordedClocks:
        assert block.replay is not None  # the block's own validator
        return RecordedClocks(block.replay)

    def device(self, block: ClocksBlock) -> "torch.device":
        from wattshed.devices.torch_device import choose_device

        return choose_device("cpu")


BACKEND = ReplayBackend()
