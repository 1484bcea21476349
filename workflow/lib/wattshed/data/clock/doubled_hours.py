"""The hour that autumn repeats: which of two rows with one label is the earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.clock.zones import Change
from wattshed.foundation.faults import Fault

# Rows within this time of a change hold all of its day.
AROUND_S = 26 * 3600
DAY_S = 86_400


@dataclass(frozen=True)
class Labelled:
    """Rows with the labels of their wall clock, in the file's order.

    code: int [R] into labels; labels: int64 [L], seconds since 1970; node: int [R], None where a row holds all nodes;
    row_numbers: int64 [R]; spacing_s: usual step of labels; clock: what times_in says; where: the file.
    """

    code: np.ndarray
    labels: np.ndarray
    node: np.ndarray | None
    row_numbers: Sequence[int]
    spacing_s: int
    clock: str
    where: str

    def around(self, change: Change) -> pd.DataFrame:
        """Rows near a change: ``row`` (position), ``label``, ``node``; in the file's order."""
        low, high = change.labels[0] - AROUND_S, change.labels[1] + AROUND_S
        near = (self.labels >= low) & (self.labels < high)
        rows = np.flatnonzero(near[self.code]) if near.any() else np.empty(0, dtype=np.int64)
        node = np.zeros(len(rows), dtype=np.int64) if self.node is None else self.node[rows]
        return pd.DataFrame({"row": rows, "label": self.labels[self.code[rows]], "node": node})

    def text(self, label: int) -> str:
        return str(np.datetime64(int(label), "s")).replace("T", " ")


@dataclass(frozen=True)
class Repeated:
    """later: positions of rows in the second of the two hours; unknown: of rows that could be in either."""

    later: np.ndarray
    unknown: np.ndarray


def order_doubled(rows: Labelled, found: Sequence[Change]) -> Repeated:
    """Which rows lie in the second hour of each autumn change. Raises :class:`Fault` where it cannot be known."""
    later, unknown = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for change in found:
        near = rows.around(change)
        inside = (near["label"] >= change.labels[0]) & (near["label"] < change.labels[1])
        if not inside.any():
            continue
        twice = near[inside].copy()
        twice["turn"] = twice.groupby(["node", "label"]).cumcount()
        twice["count"] = twice.groupby(["node", "label"])["row"].transform("size")
        if bool((twice["count"] > 2).any()):
            _refuse_third(rows, twice)
        pairs = twice["count"] == 2
        if not pairs.any():
            _refuse_single(rows, twice)
        wanted = twice.loc[pairs, "node"].unique()
        # A file may order its days one way and the hours of a day the other.
        day = near[near["node"].isin(wanted) & (near["label"] // DAY_S == change.labels[0] // DAY_S)]
        down = _runs_down(rows, day, wanted)
        after = twice.loc[pairs, "turn"].to_numpy() == (
            ~down.reindex(twice.loc[pairs, "node"]).to_numpy(dtype=bool)
        )
        late = twice.loc[pairs, "row"].to_numpy()[after]
        _refuse_disorder(rows, day, late, change, down)
        later.append(late)
        unknown.append(twice.loc[~pairs, "row"].to_numpy())
    return Repeated(np.concatenate(later), np.concatenate(unknown))


def _runs_down(rows: Labelled, day: pd.DataFrame, nodes: np.ndarray) -> pd.Series:
    """Whether the rows of each node run backwards in time on the day of a change."""
    steps = day.groupby("node")["label"].diff()
    up = (steps > 0).groupby(day["node"]).sum().reindex(nodes, fill_value=0)
    down = (steps < 0).groupby(day["node"]).sum().reindex(nodes, fill_value=0)
    unclear = up == down
    if bool(unclear.any()):
        _refuse_order(rows, day[day["node"] == unclear.index[int(np.argmax(unclear.to_numpy()))]])
    return down > up


def _refuse_disorder(
    rows: Labelled, day: pd.DataFrame, late: np.ndarray, change: Change, down: pd.Series
) -> None:
    """Raises :class:`Fault` unless the instants of each node's day follow one another in the file."""
    instant = day["label"] + np.where(day["label"] >= change.labels[1], change.before_s - change.after_s, 0)
    instant += np.where(day["row"].isin(late), change.before_s - change.after_s, 0)
    steps = instant.groupby(day["node"]).diff() * np.where(
        down.reindex(day["node"]).to_numpy(dtype=bool), -1, 1
    )
    if bool((steps <= 0).any()):
        _refuse_order(rows, day[steps <= 0])


def _refuse_order(rows: Labelled, day: pd.DataFrame) -> None:
    row = day.iloc[0]
    raise Fault(
        f"{rows.where}: row {rows.row_numbers[int(row['row'])]}: rows around {rows.text(row['label'])}, where "
        f"{rows.clock} repeats an hour, are not in order of time; expected an order that tells which reading is the "
        "earlier one: sort the file, or set data.source.times_in or data.source.dst if its clock is another."
    )


def _refuse_third(rows: Labelled, twice: pd.DataFrame) -> None:
    row = twice[twice["turn"] == 2].iloc[0]
    raise Fault(
        f"{rows.where}: row {rows.row_numbers[int(row['row'])]}: a third reading at {rows.text(row['label'])}, which "
        f"{rows.clock} shows twice; expected at most two: delete one, or correct data.source.times_in."
    )


def _refuse_single(rows: Labelled, twice: pd.DataFrame) -> None:
    row = twice.iloc[0]
    raise Fault(
        f"{rows.where}: row {rows.row_numbers[int(row['row'])]}: there is one reading at {rows.text(row['label'])}, "
        f"which {rows.clock} shows twice; expected two: set data.source.dst to doubled (it holds both), skipped (the "
        "second is missing) or none (the file's clock is not changed), or data.source.times_in to the "
        "file's clock, perhaps UTC."
    )
