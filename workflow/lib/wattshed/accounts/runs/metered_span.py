"""How much of the time between a study's first and last job its meter saw."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

# Longer gaps between jobs are pauses of the study, such as one that was resumed the next day.
PAUSE_S = 60.0


@dataclass(frozen=True)
class MeteredSpan:
    """metered_s: time in which at least one job was metered; unmetered_s: gaps between jobs, pauses left out."""

    metered_s: float
    unmetered_s: float

    @property
    def share(self) -> float:
        return self.metered_s / (self.metered_s + self.unmetered_s)


def metered_span(runs: pd.DataFrame) -> MeteredSpan | None:
    """The span of the runs whose beginning is known; None if there is none.

    A resumed job counts with its last attempt, because its earlier ones may lie far apart.
    """
    known = runs[runs["last_began_utc"].notna() & runs["last_duration_s"].notna()]
    if known.empty:
        return None
    begins = pd.to_datetime(known["last_began_utc"], utc=True, format="ISO8601")
    start_s = (begins - begins.min()).dt.total_seconds()
    spans = sorted(zip(start_s, start_s + known["last_duration_s"].astype("float64"), strict=True))
    metered_s = unmetered_s = seen_s = 0.0
    for begin_s, end_s in spans:
        gap_s = begin_s - seen_s
        if 0 < gap_s <= PAUSE_S:
            unmetered_s += gap_s
        metered_s += max(0.0, end_s - max(begin_s, seen_s))
        seen_s = max(seen_s, end_s)
    return MeteredSpan(metered_s, unmetered_s) if metered_s > 0 else None
