"""Sweeps and their choices: one file of a sweep may hold several cells, each one GPU, one workload and one knob."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattshed.publish.parts.inputs import Inputs

# What tells the cells of a file apart, in its rows and in its choices.
CELL = ("gpu", "gpu_uuid", "workload", "knob")
SWEEP_FILE = ".sweep.parquet"


@dataclass(frozen=True)
class SweptCell:
    """name: of the sweep, such as ``stgnn+replay.training``, with GPU and workload if the file has several cells;
    rows: of the sweep; choice: what was chosen from them."""

    name: str
    rows: pd.DataFrame
    choice: dict[str, Any]


def swept_cells(inputs: Inputs) -> list[SweptCell]:
    """All cells of all sweeps, in the order of the files: each sweep's choices have the same place."""
    found = []
    for path, frame, document in zip(
        inputs.files("sweep"), inputs.frames("sweep"), inputs.jsons("choice"), strict=True
    ):
        name = path.name.removesuffix(SWEEP_FILE)
        choices = document["choices"]
        for choice in choices:
            own = name if len(choices) == 1 else f"{name}: {choice['gpu']}, {choice['workload']}"
            found.append(SweptCell(own, _rows_of(frame, choice), choice))
    return found


def choices_of(inputs: Inputs) -> list[dict[str, Any]]:
    """The choices of all cells of all sweeps."""
    return [choice for document in inputs.jsons("choice") for choice in document["choices"]]


def _rows_of(frame: pd.DataFrame, choice: dict[str, Any]) -> pd.DataFrame:
    same = pd.Series(True, index=frame.index)
    for name in CELL:
        if choice.get(name) is not None and name in frame:
            same &= (frame[name] == choice[name]).fillna(False).astype(bool)
    return frame[same]
