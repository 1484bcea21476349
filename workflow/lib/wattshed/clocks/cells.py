"""Cells of a frame of runs: what one choice is made for."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

KEYS = ["gpu", "gpu_uuid", "workload", "knob"]


class Cell(NamedTuple):
    """One workload on one GPU, swept with one knob. gpu_uuid is None where it is not known."""

    gpu: str
    gpu_uuid: str | None
    workload: str
    knob: str

    @property
    def title(self) -> str:
        return f"{self.workload} on {self.gpu}"


def cells(frame: pd.DataFrame) -> Iterator[tuple[Cell, pd.DataFrame]]:
    """Each cell with its rows, in the order of its first row; the rows keep their order and index.

    frame: columns of ``clocks.runs.COLUMNS``.
    """
    for key, rows in frame.groupby(KEYS, sort=False, dropna=False):
        gpu, uuid, workload, knob = key
        yield Cell(str(gpu), None if pd.isna(uuid) else str(uuid), str(workload), str(knob)), rows
