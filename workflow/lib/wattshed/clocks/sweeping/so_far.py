"""The windows that a search has so far: whether they belong to it, and which of them count."""

import numpy as np
import pandas as pd

from wattshed.clocks.cells import KEYS
from wattshed.clocks.contamination.usable import usable_sweep
from wattshed.clocks.runs import COLUMNS
from wattshed.foundation.faults import Fault

POSITIVE = ("time_s", "energy_j", "power_w")


def counting(rows: pd.DataFrame) -> pd.DataFrame:
    """Warm rows that were not throttled and ran at the setting asked for."""
    return usable_sweep(rows).rows


def checked(rows: pd.DataFrame, legal: tuple[int, ...]) -> tuple[int, ...]:
    """The legal settings, ascending. Raises :class:`Fault` unless ``rows`` are windows of one sweep at them."""
    settings = sorted({int(setting) for setting in legal})
    if not settings or settings[0] <= 0:
        raise Fault(f"the legal settings are {settings}: expected at least one, all positive.")
    lacking = [column for column in COLUMNS if column not in rows]
    if lacking:
        raise Fault(f"the sweep so far has no column {', '.join(lacking)}: expected the rows of a sweep.")
    if rows.empty:
        return tuple(settings)
    if any(rows[name].nunique(dropna=False) > 1 for name in KEYS):
        raise Fault(
            "the sweep so far mixes GPUs, workloads or knobs: expected one of each; search in each separately."
        )
    foreign = sorted({int(setting) for setting in rows["setting"]} - set(settings))
    if foreign:
        raise Fault(
            f"the sweep so far holds the setting {foreign[0]}, which is not legal: expected one of {settings[0]} to "
            f"{settings[-1]}; sweep again from the start."
        )
    for column in POSITIVE:
        numbers = rows[column].to_numpy(dtype=float)
        wrong = np.flatnonzero(~((numbers > 0) & np.isfinite(numbers)))
        if len(wrong):
            raise Fault(
                f"window {int(wrong[0]) + 1} of the sweep so far has {column} {numbers[wrong[0]]}: expected a positive "
                "number; measure it again."
            )
    return tuple(settings)
