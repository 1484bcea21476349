"""Tables that no choice can be made from, each refused in one sentence."""

import numpy as np
import pandas as pd

from wattshed.clocks.cells import KEYS
from wattshed.clocks.runs import COLUMNS, KNOBS
from wattshed.foundation.faults import Fault

POSITIVE = ("setting", "time_s", "energy_j", "power_w")
SAME = ("backend", "label", *KEYS)
RUN = ["setting", "repeat", "order"]


def check_frame(frame: pd.DataFrame) -> None:
    """Raise :class:`Fault` for a table that is not one of runs."""
    lacking = [column for column in COLUMNS if column not in frame]
    if lacking:
        raise Fault(f"the sweep has no column {', '.join(lacking)}: expected the output of sweep_clocks.")
    if frame.empty:
        raise Fault("the sweep has no rows: expected the output of sweep_clocks; run it again.")
    for column in ("warm", "throttled"):
        missing = frame.index[frame[column].isna()]
        if len(missing):
            raise Fault(
                f"the sweep's row {missing[0]} has no {column}; expected true or false: correct the row."
            )
    unknown = sorted({str(knob) for knob in frame["knob"]} - set(KNOBS))
    if unknown:
        raise Fault(
            f"the sweep's knob is {unknown[0]!r}; expected one of {', '.join(KNOBS)}: correct the column."
        )


def check_cell(rows: pd.DataFrame) -> None:
    """Raise :class:`Fault` for rows that cannot be those of one sweep of one GPU, workload and knob."""
    for column in SAME:
        if rows[column].nunique(dropna=False) > 1:
            several = " and ".join(repr(str(one)) for one in rows[column].unique()[:2])
            raise Fault(
                f"the sweep has {several} as {column} in one cell: expected one of each; choose for each separately."
            )
    for column in POSITIVE:
        numbers = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong = rows.index[~((numbers > 0) & np.isfinite(numbers))]
        if len(wrong):
            raise Fault(
                f"the sweep's row {wrong[0]} has {column} {rows[column][wrong[0]]}; expected a positive "
                "number: measure again."
            )
    twice = rows.index[rows.duplicated(RUN)]
    if len(twice):
        row = rows.loc[twice[0]]
        raise Fault(
            f"the sweep's row {twice[0]} is a second one with setting {row['setting']}, repeat {row['repeat']} and "
            f"order {row['order']}; expected each run once: remove it."
        )
