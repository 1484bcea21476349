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
    for _, rows in frame.groupby(KEYS, sort=False, dropna=False):
        first = rows.iloc[0]
        uuid = str(first["gpu_uuid"]) if rows["gpu_uuid"].notna().iloc[0] else None
        yield Cell(str(first["gpu"]), uuid, str(first["workload"]), str(first["knob"])), rows
