"""Sweeps and their choices: one file of a sweep may hold several cells, each one GPU, one workload and one knob."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattshed.clocks.cells import KEYS
from wattshed.publish.parts.inputs import Inputs

# More names in one sentence are counted only.
MOST_NAMED = 10
SWEEP_FILE = ".sweep.parquet"


@dataclass(frozen=True)
class SweptCell:
    """name: of the sweep, such as ``stgnn+replay.training``, with GPU and workload if the file has several cells;
    rows: of the sweep; choice: what was chosen from them."""

    name: str
    rows: pd.DataFrame
    choice: dict[str, Any]

    @property
    def title(self) -> str:
        """The GPU and whether it is simulated, the workload, and the knob if it is not the clock."""
        knob = "" if self.choice["knob"] == "clock" else f", {str(self.choice['knob']).replace('_', ' ')}"
        return f"{gpu_name(self.choice)}, {self.choice['workload']}{knob}"


def gpu_name(choice: dict[str, Any]) -> str:
    """The GPU, and whether its readings are measured or simulated."""
    gpu, label = str(choice["gpu"]), str(choice["label"])
    return gpu if label in gpu else f"{gpu} ({label})"


def swept_cells(inputs: Inputs) -> list[SweptCell]:
    """All cells of all sweeps, in the order of the files: each sweep's choices have the same place."""
    found = []
    for path, frame, document in zip(
        inputs.files("sweep"), inputs.frames("sweep"), inputs.jsons("choice"), strict=True
    ):
        name = path.name.removesuffix(SWEEP_FILE)
        choices = document["choices"]
        for choice in choices:
            own = name if len(choices) == 1 else f"{name}: {_own_name(choice, choices)}"
            found.append(SweptCell(own, _rows_of(frame, choice), choice))
    return found


def listed(names: Sequence[str]) -> str:
    """The first names, and how many others there are."""
    shown = list(names[:MOST_NAMED])
    others = len(names) - len(shown)
    return "; ".join([*shown, *([f"and {others} others"] if others else [])])


def judged_cells(cells: list[SweptCell]) -> list[SweptCell]:
    """Cells whose choice states values: not those whose sweep was refused."""
    return [cell for cell in cells if cell.choice["fitted"]]


def choices_of(inputs: Inputs) -> list[dict[str, Any]]:
    """The choices of all cells of all sweeps."""
    return [choice for document in inputs.jsons("choice") for choice in document["choices"]]


def _rows_of(frame: pd.DataFrame, choice: dict[str, Any]) -> pd.DataFrame:
    same = pd.Series(True, index=frame.index)
    for name in KEYS:
        if choice.get(name) is not None and name in frame:
            same &= (frame[name] == choice[name]).fillna(False).astype(bool)
    return frame[same]


def _own_name(choice: dict[str, Any], choices: list[dict[str, Any]]) -> str:
    """GPU and workload; also uuid and knob where another cell of the file has the same."""
    same = [one for one in choices if (one["gpu"], one["workload"]) == (choice["gpu"], choice["workload"])]
    more = [choice.get("gpu_uuid"), choice["knob"]] if len(same) > 1 else []
    return ", ".join(str(part) for part in (choice["gpu"], choice["workload"], *more) if part)
