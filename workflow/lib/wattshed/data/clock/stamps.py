"""Labels that name the end of a reading, around the changes of the clock.

Files have two habits. In the first, the label is the start's plus one reading: in America/New_York an autumn day has
the ends 01, 02, 02, 03. In the second, it is what the clock shows at the end: 01, 01, 02, 03.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.clock.near_changes import NearChanges, text_of
from wattshed.data.clock.zones import Change
from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class Ends:
    """How ends become starts. by_label: the label moves, and then names an instant; else the instant moves.

    unknown: positions of rows whose start differs between the two habits, where no row tells the habit.
    """

    by_label: bool
    unknown: np.ndarray


def habit_of_ends(near: NearChanges, found: Sequence[Change], length_s: int) -> Ends:
    """The habit of a file whose readings are ``length_s`` long. Raises :class:`Fault` where its rows fit neither."""
    moved = near.moved(-length_s)
    first, second = (all(_fits(one, change) for change in found) for one in (moved, near))
    if not first and not second:
        change = next(change for change in found if not _fits(moved, change))
        raise Fault(
            f"{near.rows.where}: times around {text_of(change.labels[0])}, where the clock of {near.rows.clock} "
            "changes, are neither the starts nor the ends of readings of that clock; expected 23 hours in spring "
            "and 25 in autumn: correct data.source.times_in (perhaps UTC) or data.source.stamp, or set data.source.dst "
            "(doubled, skipped, none) if every day has 24 hours."
        )
    unknown = [np.empty(0, dtype=np.int64)]
    if first and second:
        for change in found:
            if change.is_back:
                # By the second habit, the end can be the first or the second time that the clock shows it.
                around = near.around(change)
                unknown.append(around.loc[around["inside"], "row"].to_numpy())
    return Ends(first, np.concatenate(unknown))


def _fits(near: NearChanges, change: Change) -> bool:
    """Whether no label is one that the clock never shows, and only repeated labels come twice."""
    around = near.around(change)
    if not change.is_back and bool(around["inside"].any()):
        return False
    again = around.duplicated(["node", "label"], keep=False)
    return not bool((again & ~(around["inside"] & change.is_back)).any())


def refuse_repeated_beside_change(near: NearChanges, found: Sequence[Change]) -> None:
    """Raises :class:`Fault` for a label that comes twice near a change but is not one that the clock repeats."""
    for change in found:
        around = near.around(change)
        again: pd.Series = around.duplicated(["node", "label"]) & ~(around["inside"] & change.is_back)
        if bool(again.any()):
            row = around[again].iloc[0]
            raise Fault(
                f"{near.rows.at_row(row['row'])}: a second reading at {text_of(row['label'])}, near a change of the "
                f"clock of {near.rows.clock}, which does not repeat this time; expected the times of that clock: "
                f"{near.rows.keys}."
            )
