"""Whether the points of a journal can be gone on with: a line may be whole JSON and no measured point."""

import math
from collections.abc import Mapping
from typing import Any

from wattshed.clocks.sweeping.journal import Journal
from wattshed.foundation.faults import Fault

POSITIVE = ("setting", "time_s", "energy_j", "power_w")
# What the engine, the search and the choice read; other columns may be missing in a journal of an older version.
WORDS = ("gpu", "workload", "knob")


def check_rows(journal: Journal) -> None:
    """Raises :class:`Fault` for a row without a positive setting, time, energy and power, or without its cell."""
    for number, row in enumerate(journal.kept.rows, start=1):
        if wrong := _wrong(row):
            raise Fault(
                f"{journal.path} holds a point without {wrong} (point {number}): expected the rows of a sweep of this "
                "version of wattshed; move that file away to begin again, or name another output."
            )


def _wrong(row: Mapping[str, Any]) -> str:
    """The first column that cannot be used, in words; empty if there is none."""
    for column in POSITIVE:
        if not _is_positive(row.get(column)):
            return f"a positive {column}"
    for column in WORDS:
        if not isinstance(row.get(column), str):
            return f"its {column}"
    if not isinstance(row.get("warm"), bool):
        return "the mark warm"
    return ""


def _is_positive(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and math.isfinite(value)
    )
