"""Labels that name the end of a reading, around the changes of the clock.

Files have two habits. In the first, the label is the start's plus one reading: in America/New_York an autumn day has
the ends 01, 02, 02, 03. In the second, it is what the clock shows at the end: 01, 01, 02, 03.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from wattshed.data.clock.doubled_hours import Labelled
from wattshed.data.clock.zones import Change, changes, meanings
from wattshed.foundation.faults import Fault


def shift_to_start(rows: Labelled, length_s: int) -> tuple[Labelled, int]:
    """Rows with labels of which one instant is to be taken, and the seconds to take off that instant.

    In the first habit the labels are moved; in the second the instants are. Raises :class:`Fault` where rows on the
    days of change fit neither, or both with different results.
    """
    moved = replace(rows, labels=rows.labels - length_s)
    low, high = int(moved.labels.min()), int(rows.labels.max())
    found = changes(rows.clock, low, high)
    if not found:
        return moved, 0
    first, second = _fits(moved, found), _fits(rows, found)
    if first and second and not _agree(rows, moved, length_s):
        # One row in the repeated hour fits both; the order of rows refuses it with the key that decides.
        return moved, 0
    if first:
        return moved, 0
    if second:
        return rows, length_s
    change = found[0]
    raise Fault(
        f"{rows.where}: times around {rows.text(change.labels[0])}, where the clock of {rows.clock} changes, are "
        "neither the starts nor the ends of readings of that clock; expected 23 hours in spring and 25 in autumn: "
        "correct data.source.times_in (perhaps UTC) or data.source.stamp, or set data.source.dst (doubled, skipped, "
        "none) if every day has 24 hours."
    )


def _fits(rows: Labelled, found: list[Change]) -> bool:
    """Whether no label is one that the clock never shows, and only repeated labels come twice."""
    for change in found:
        near = rows.around(change)
        if near.empty:
            continue
        inside = near["label"].between(change.labels[0], change.labels[1], inclusive="left")
        again = near.duplicated(["node", "label"], keep=False)
        if (not change.is_back and bool(inside.any())) or bool((again & ~(inside & change.is_back)).any()):
            return False
    return True


def _agree(rows: Labelled, moved: Labelled, length_s: int) -> bool:
    by_label, by_instant = meanings(moved.labels, rows.clock), meanings(rows.labels, rows.clock)
    return bool(
        np.array_equal(by_label.first, by_instant.first - length_s)
        and np.array_equal(by_label.second, by_instant.second - length_s)
    )


def refuse_repeated_beside_change(rows: Labelled) -> None:
    """Raises :class:`Fault` for a label that comes twice near a change but is not one that the clock repeats."""
    for change in changes(rows.clock, int(rows.labels.min()), int(rows.labels.max())):
        near = rows.around(change)
        inside = near["label"].between(change.labels[0], change.labels[1], inclusive="left") & change.is_back
        again: pd.Series = near.duplicated(["node", "label"]) & ~inside
        if bool(again.any()):
            row = near[again].iloc[0]
            raise Fault(
                f"{rows.where}: row {rows.row_numbers[int(row['row'])]}: a second reading at {rows.text(row['label'])}"
                f", near a change of the clock of {rows.clock}, which does not repeat this time; expected the times of "
                "that clock: set data.source.stamp to end if they are the ends of readings, data.source.times_in to "
                "the file's clock, or data.source.dst."
            )
