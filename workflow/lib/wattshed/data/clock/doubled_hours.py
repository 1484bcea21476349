"""The hour that autumn repeats: which of two rows with one label is the earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.clock.near_changes import Labelled, NearChanges, text_of
from wattshed.data.clock.zones import Change
from wattshed.foundation.faults import Fault

DAY_S, HOUR_S = 86_400, 3600


@dataclass(frozen=True)
class Repeated:
    """later: positions of rows in the second of the two hours; unknown: of rows that could be in either."""

    later: np.ndarray
    unknown: np.ndarray


def order_doubled(near: NearChanges, back: Sequence[Change]) -> Repeated:
    """Which rows lie in the second hour of each autumn change, by the order of each node's rows on that day.

    A label that a node has once could be in either hour, unless the order tells: it is unknown where the file is sparse
    or has both hours elsewhere. Raises :class:`Fault` for pairs whose order tells nothing, for a third reading, and
    where all readings of the hour are there once, as in a file with 24 hours on every day.
    """
    later, unknown = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    single: list[pd.DataFrame] = []
    for change in back:
        around = near.around(change)
        # A file may order its days one way and the hours of a day the other.
        day = around[around["label"] // DAY_S == change.labels[0] // DAY_S]
        node = day["node"]
        day = day[node.isin(node[day["inside"]].unique())]
        if day.empty:
            continue
        second, known = _second_halves(near.rows, day, change)
        inside = day["inside"].to_numpy()
        rows = day["row"].to_numpy()
        later.append(rows[inside & known & second])
        unknown.append(rows[inside & ~known])
        single.append(_whole_hours(near.rows, around, day[inside & ~known], change))
    if not any(map(len, later)):
        _refuse_single(near.rows, pd.concat(single) if single else pd.DataFrame())
    return Repeated(np.concatenate(later), np.concatenate(unknown))


def _second_halves(rows: Labelled, day: pd.DataFrame, change: Change) -> tuple[np.ndarray, np.ndarray]:
    """Whether rows [R of the day] come after the change, and whether that is known.

    In the order of time, the labels of a node rise, and fall or stay once: where the clock is put back.
    """
    code, nodes = pd.factorize(day["node"])
    step = day.groupby(code)["label"].diff()
    up, down = (np.bincount(code, weights=moved, minlength=len(nodes)) for moved in (step > 0, step < 0))
    sign = np.where(down > up, -1, 1)[code]
    fall = (step * sign <= 0).to_numpy()
    before = day["label"] - step
    fits = (
        fall
        & day["inside"].to_numpy()
        & ((before >= change.labels[0]) & (before < change.labels[1])).to_numpy()
    )
    pair = day.duplicated(["node", "label"]).to_numpy()
    if not rows.spacing_s:
        # A log without a spacing need not have one label twice; its clock falls by most of the change.
        fits &= pair | (step.abs() >= abs(change.after_s - change.before_s) / 2).to_numpy()
    falls, good, pairs = (
        np.bincount(code, weights=kind, minlength=len(nodes)) for kind in (fall, fits, pair)
    )
    ordered = (falls == 1) & (good == 1) & (up != down) & ((pairs > 0) | (rows.spacing_s == 0))
    wrong = (pairs > 0) & ~ordered
    if wrong.any():
        _refuse_order(rows, day[day["node"] == nodes[int(np.argmax(wrong))]])
    passed = pd.Series(fall).groupby(code).cumsum().to_numpy() > 0
    return np.where(sign > 0, passed, ~passed), ordered[code]


def _whole_hours(rows: Labelled, around: pd.DataFrame, single: pd.DataFrame, change: Change) -> pd.DataFrame:
    """Of rows that come once, those of nodes with a reading right before and right after the repeated hour."""
    reach = max(rows.spacing_s, HOUR_S)
    label = around["label"]
    before = around.loc[(label >= change.labels[0] - reach) & (label < change.labels[0]), "node"]
    after = around.loc[(label >= change.labels[1]) & (label < change.labels[1] + reach), "node"]
    return single[single["node"].isin(before) & single["node"].isin(after)]


def _refuse_order(rows: Labelled, day: pd.DataFrame) -> None:
    third = day[day.groupby("label").cumcount() == 2]
    if len(third):
        row = third.iloc[0]
        raise Fault(
            f"{rows.at_row(row['row'])}: a third reading at {text_of(row['label'])}, which {rows.clock} shows twice; "
            "expected at most two: delete one, or correct data.source.times_in."
        )
    row = day.iloc[0]
    raise Fault(
        f"{rows.at_row(row['row'])}: rows around {text_of(row['label'])}, where {rows.clock} repeats an hour, are not "
        "in order of time; expected an order that tells which reading is the earlier one: sort the file, or set "
        "data.source.times_in or data.source.dst if its clock is another."
    )


def _refuse_single(rows: Labelled, single: pd.DataFrame) -> None:
    if len(single):
        row = single.iloc[0]
        raise Fault(
            f"{rows.at_row(row['row'])}: there is one reading at {text_of(row['label'])}, which {rows.clock} shows "
            "twice; expected two: set data.source.dst to doubled (it holds both), skipped (the second is missing) or "
            "none (the file's clock is not changed), or data.source.times_in to the file's clock, perhaps UTC."
        )
