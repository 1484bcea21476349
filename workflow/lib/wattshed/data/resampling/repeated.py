"""Second readings of one node at one time: which they are."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattshed.data.forms.readings import Readings
from wattshed.data.resampling.axis import utc_text
from wattshed.foundation.faults import Fault


def second_reading(parts: Sequence[Readings], columns: Sequence[np.ndarray], nodes: Sequence[str]) -> Fault:
    """The sentence about the first second reading in the order of parts and rows; there must be one."""
    tables = [
        _readings(place, part, column)
        for place, (part, column) in enumerate(zip(parts, columns, strict=True))
    ]
    found = pd.concat(tables).sort_values(["part", "row"], kind="stable", ignore_index=True)
    again = found.duplicated(["node", "seconds"]).to_numpy()
    second = found.iloc[int(np.argmax(again))]
    same = (found["node"] == second["node"]) & (found["seconds"] == second["seconds"])
    earlier = found.iloc[int(np.argmax(same.to_numpy()))]
    part, other = parts[int(second["part"])], parts[int(earlier["part"])]
    beside = (
        f"{other.path} has one in row {other.rows[int(earlier['row'])]} already; "
        if other is not part
        else ""
    )
    whose = "" if part.form == "wide" else f" of node {nodes[int(second['node'])]!r}"
    return Fault(
        f"{part.path}: row {part.rows[int(second['row'])]}: a second reading{whose} at "
        f"{utc_text(second['seconds'])} UTC; {beside}expected one for each time: "
        "set data.source.times_in if the clock of the file repeats an hour, or data.source.rows if another column "
        "tells the rows apart; else delete one."
    )


def _readings(place: int, part: Readings, columns: np.ndarray) -> pd.DataFrame:
    """One row per reading: part, row, node and seconds; a reading of two hours has two."""
    instants = part.instants
    if part.node is not None:
        row = np.flatnonzero(instants.kept & ~np.isnan(part.values))
        node = columns[part.node[row]]
    else:
        row, column = np.nonzero(instants.kept[:, None] & ~np.isnan(part.values))
        node = columns[column]
    once = pd.DataFrame({"part": place, "row": row, "node": node, "seconds": instants.seconds[row]})
    later = once[instants.doubled[row]].assign(seconds=lambda frame: frame["seconds"] + 3600)
    return pd.concat([once, later], ignore_index=True)
