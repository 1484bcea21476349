"""Replays a recorded clock sweep in its recorded order, without measuring."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from wattshed.clocks.backends.protocol import ClockReading, Label
from wattshed.clocks.cells import cells
from wattshed.clocks.recordings.recording import read_recording
from wattshed.clocks.runs import KNOBS
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    import torch


class RecordedClocks:
    """Back end over one GPU and workload of a recording in any layout that has a reader; clocks or power limits.

    How its energies are known is in its rows (``energy_by``).
    """

    name = "replay"

    def __init__(self, block: ReplayBlock) -> None:
        self._runs = read_recording(block)
        found = list(cells(self._runs))
        if len(found) > 1:
            several = "; ".join(f"{cell.gpu_uuid or cell.gpu}, {cell.knob}" for cell, _ in found)
            raise Fault(
                f"{block.path} holds {len(found)} sweeps of {block.workload!r} on {block.gpu!r} ({several}): "
                "expected one; "
                "give the GPU's uuid as gpu, or say the knob, in clocks.replay."
            )
        cell = found[0][0]
        self.gpu, self.gpu_uuid, self.workload = cell.gpu, cell.gpu_uuid, cell.workload
        self.knob = KNOBS[cell.knob]
        self.label: Label = "simulated" if (self._runs["label"] == "simulated").all() else "recorded"
        self._locked = self.settings()[-1]
        self._replayed: dict[int, int] = {}

    def settings(self) -> tuple[int, ...]:
        return tuple(int(setting) for setting in sorted(self._runs["setting"].unique()))

    def lock(self, setting: int) -> None:
        if setting not in self.settings():
            raise ValueError(f"{setting} {self.knob.unit} was not recorded for {self.gpu}")
        self._locked = setting

    def applied(self) -> int | None:
        """The setting that was read in the first run at the locked one; None if the recording does not hold it."""
        applied = self._runs.loc[self._runs["setting"] == self._locked, "applied"].iloc[0]
        return None if pd.isna(applied) else int(applied)

    def reset(self) -> None:
        self._locked = self.settings()[-1]

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        """The next recorded run at the locked setting; after the last one the first one again. The arguments are
        ignored."""
        runs = self._runs[self._runs["setting"] == self._locked]
        turn = self._replayed.get(self._locked, 0)
        self._replayed[self._locked] = turn + 1
        run = runs.iloc[turn % len(runs)]
        return ClockReading(
            float(run["time_s"]),
            float(run["energy_j"]),
            applied=None if pd.isna(run["applied"]) else int(run["applied"]),
            energy_by=run["energy_by"],
            throttled=bool(run["throttled"]),
            temperature_c=None if pd.isna(run["temperature_c"]) else float(run["temperature_c"]),
        )

    def recorded_sweep(self) -> pd.DataFrame:
        """All runs in the columns of a sweep; most recordings do not say which of them were warm-up."""
        return self._runs.copy()


class ReplayBackend:
    def open(self, block: ClocksBlock) -> RecordedClocks:
        assert block.replay is not None  # the block's own validator
        return RecordedClocks(block.replay)

    def device(self, block: ClocksBlock) -> "torch.device":
        from wattshed.devices.torch_device import choose_device

        return choose_device("cpu")


BACKEND = ReplayBackend()
