"""Labels of a wall clock as instants: what spring leaves out, what autumn repeats, and files that ignore both."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from wattshed.data.clock.doubled_hours import order_doubled
from wattshed.data.clock.near_changes import Labelled, NearChanges, text_of
from wattshed.data.clock.rules import ClockRules, Instants
from wattshed.data.clock.stamps import habit_of_ends, refuse_repeated_beside_change
from wattshed.data.clock.zones import HOUR_S, Change, changes, meanings, standard_offsets
from wattshed.foundation.faults import Fault

# Positions of rows to bool: whether they have no reading at all.
Blank = Callable[[np.ndarray], np.ndarray]


def local_instants(rows: Labelled, rules: ClockRules, shift_s: int, blank: Blank | None = None) -> Instants:
    """Instants of rows [R]; shift_s: from the start of a reading to its label.

    Raises :class:`Fault` where labels do not fit the clock and its ``dst``, or could be two instants.
    """
    count, spacing_s = len(rows.code), rows.spacing_s
    kept, doubled = np.ones(count, bool), np.zeros(count, bool)
    if rules.dst == "none":
        return Instants((rows.labels - _standard(rows) - shift_s)[rows.code], kept, doubled, spacing_s)
    low, high = int(rows.labels.min()), int(rows.labels.max())
    found = changes(rows.clock, low - shift_s, high)
    near = rows.near(found, shift_s)
    unknown = np.empty(0, dtype=np.int64)
    if shift_s and rules.dst is None:
        ends = habit_of_ends(near, found, shift_s)
        unknown = ends.unknown
        label_s = shift_s if ends.by_label else 0
    else:
        label_s = shift_s
    rows, near = replace(rows, labels=rows.labels - label_s), near.moved(-label_s)
    mean = meanings(rows.labels, rows.clock)
    if rules.dst is None:
        refuse_repeated_beside_change(near, found)
        _refuse_absent(near, found, blank)
    notes = []
    seconds = mean.first[rows.code]
    if mean.absent.any():
        np.logical_not(mean.absent[rows.code], out=kept)
        notes.append(
            f"{int((~kept).sum())} rows at local times that {rules.times_in} skips in spring were left out."
        )
    back = [change for change in found if change.is_back]
    if rules.dst is None:
        repeated = order_doubled(near, back)
        seconds[repeated.later] = mean.second[rows.code[repeated.later]]
        unknown = np.union1d(unknown, repeated.unknown)
    else:
        _refuse_pairs(near, back, rules)
        if rules.dst == "doubled":
            doubled = _twice_as_long(near, back, doubled)
    if len(unknown):
        kept[unknown] = False
        notes.append(
            f"{len(unknown)} readings in an hour that {rules.times_in} repeats could be either of two and "
            "were left out."
        )
    if label_s != shift_s:
        seconds -= shift_s
    return Instants(seconds, kept, doubled, spacing_s, tuple(notes))


def _standard(rows: Labelled) -> int:
    """Seconds ahead of UTC of a clock that keeps to one time all year. Raises :class:`Fault` where that changed."""
    years, offsets = standard_offsets(rows.labels, rows.clock)
    if (offsets != offsets[0]).any():
        year = int(years[int(np.argmax(offsets != offsets[0]))])
        raise Fault(
            f"{rows.where}: {rows.clock} has another standard time from {year} on, and data.source.dst is none; "
            "expected one time all through the file: set data.source.times_in to its offset from UTC, such as +01:00."
        )
    return int(offsets[0])


def _refuse_absent(near: NearChanges, found: Sequence[Change], blank: Blank | None) -> None:
    for change in found:
        around = near.around(change)
        inside = around[around["inside"]]
        if blank is not None and len(inside):
            # Some publishers write the skipped hour, too, and leave it empty.
            inside = inside[~blank(inside["row"].to_numpy())]
        if not change.is_back and len(inside):
            row = inside.iloc[0]
            raise Fault(
                f"{near.rows.at_row(row['row'])}: local time {text_of(row['label'])} does not exist in "
                f"{near.rows.clock}, whose clocks skip it in spring; expected local times of data.source.times_in: "
                f"{near.rows.keys}."
            )


def _refuse_pairs(near: NearChanges, back: Sequence[Change], rules: ClockRules) -> None:
    for change in back:
        around = near.around(change)
        again = around[around["inside"]].duplicated(["node", "label"])
        if bool(again.any()):
            row = around.loc[again.index[again]].iloc[0]
            raise Fault(
                f"{near.rows.at_row(row['row'])}: a second reading at {text_of(row['label'])}, and data.source.dst is "
                f"{rules.dst}; expected one reading in the hour that {near.rows.clock} repeats: leave out dst, since "
                "this file has 25 hours on that day."
            )


def _twice_as_long(near: NearChanges, back: Sequence[Change], doubled: np.ndarray) -> np.ndarray:
    """bool [R], true in the hours that autumn repeats."""
    for change in back:
        around = near.around(change)
        inside = around.loc[around["inside"], "row"].to_numpy()
        if len(inside) and change.before_s - change.after_s != HOUR_S:
            raise Fault(
                f"{near.rows.where}: {near.rows.clock} is put back by {(change.before_s - change.after_s) // 60} min, "
                "and data.source.dst is doubled; expected a clock that repeats one hour: use skipped or none."
            )
        doubled[inside] = True
    return doubled
