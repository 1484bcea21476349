"""The few rows of a file that lie near a change of its clock, where a label can mean two instants or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wattshed.data.clock.zones import Change

# Rows within this time of a change hold all of its day.
AROUND_S = 26 * 3600


@dataclass(frozen=True)
class Labelled:
    """Rows with the labels of their wall clock, in the file's order.

    code: int [R] into labels; labels: int64 [L], seconds since 1970; node: int32 [R], None where a row holds all nodes;
    row_numbers: [R]; spacing_s: usual step of labels, 0 of an irregular log; clock: what times_in says; where: the
    file; numbered: whether labels are made of numbers of hours or periods.
    """

    code: np.ndarray
    labels: np.ndarray
    node: np.ndarray | None
    row_numbers: Sequence[int] | np.ndarray
    spacing_s: int
    clock: str
    where: str
    numbered: bool = False

    def near(self, changes: Sequence[Change], longest_shift_s: int) -> "NearChanges":
        """Rows near any change, also where labels are to be moved by as much as ``longest_shift_s``."""
        margin = AROUND_S + longest_shift_s
        wanted = np.zeros(len(self.labels), dtype=bool)
        for change in changes:
            wanted |= (self.labels >= change.labels[0] - margin) & (self.labels < change.labels[1] + margin)
        row = np.flatnonzero(wanted[self.code]) if wanted.any() else np.empty(0, dtype=np.int64)
        node = np.zeros(len(row), dtype=np.int32) if self.node is None else self.node[row]
        return NearChanges(
            self, pd.DataFrame({"row": row, "label": self.labels[self.code[row]], "node": node})
        )

    def at_row(self, row: int) -> str:
        """File and row number, as every message begins; row: position in the file."""
        return f"{self.where}: row {self.row_numbers[int(row)]}"

    @property
    def keys(self) -> str:
        """What an owner may have to set where labels do not fit the clock."""
        own = (
            "data.source.hour_numbers to elapsed if numbers are counted from midnight"
            if self.numbered
            else "data.source.stamp to end if times are the ends of readings"
        )
        return (
            f"set data.source.times_in to the clock in which the file is written (perhaps UTC), {own}, or "
            "data.source.dst (doubled, skipped, none) if every day has 24 hours"
        )


@dataclass(frozen=True)
class NearChanges:
    """rows: of the whole file; frame: ``row`` (position), ``label`` [s] and ``node``, in the file's order."""

    rows: Labelled
    frame: pd.DataFrame

    def moved(self, seconds: int) -> "NearChanges":
        """Labels later by ``seconds``."""
        return replace(self, frame=self.frame.assign(label=self.frame["label"] + seconds))

    def around(self, change: Change) -> pd.DataFrame:
        """Rows around one change, with ``inside``: whether the change repeats their label, or leaves it out."""
        label = self.frame["label"]
        near = self.frame[(label >= change.labels[0] - AROUND_S) & (label < change.labels[1] + AROUND_S)]
        inside = (near["label"] >= change.labels[0]) & (near["label"] < change.labels[1])
        return near.assign(inside=inside)


def text_of(label: int) -> str:
    """Date and time of a label [s]."""
    return str(np.datetime64(int(label), "s")).replace("T", " ")
