"""The raw rows of one recommendation, and which of them count, decided again without the choice's code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# The first windows of a sweep that ran from one end to the other: caches and clocks settle in them.
SETTLING_ROWS = 15
# Settings that count as the maximum where a sweep visited the maximum itself only at its beginning.
NEAR_MAXIMUM_SHARE = 0.93
# The windows at the maximum must span this share of the sweep's order to be interleaved with the others.
INTERLEAVED_SHARE = 0.5


@dataclass(frozen=True)
class RawRows:
    """Rows that count, of one GPU, workload and knob.

    reference: those of the baseline, a part of ``rows``; set_aside: how many do not count, by reason.
    """

    rows: pd.DataFrame
    reference: pd.DataFrame
    maximum: int
    measured: tuple[int, ...]
    interleaved: bool
    set_aside: dict[str, int]

    def at(self, setting: int) -> pd.DataFrame:
        return self.rows[self.rows["setting"] == setting]

    @property
    def lower(self) -> tuple[int, ...]:
        """Settings below the maximum with rows that count, from the lowest up."""
        return tuple(sorted(int(one) for one in self.rows["setting"].unique() if one < self.maximum))


def rows_of(frame: pd.DataFrame, choice: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that a choice names by GPU, its uuid (where it has one), workload and knob."""
    same = np.ones(len(frame), dtype=bool)
    for column in ("gpu", "workload", "knob"):
        same &= frame[column].astype("string").fillna("").to_numpy() == str(choice.get(column) or "")
    uuid = choice.get("gpu_uuid")
    same &= frame["gpu_uuid"].astype("string").fillna("").to_numpy() == ("" if uuid is None else str(uuid))
    return frame[same].reset_index(drop=True)


def raw_rows(frame: pd.DataFrame, settling_rows: int = SETTLING_ROWS) -> RawRows | None:
    """Sort out the rows of one cell; None where no row at all has a setting, a time and an energy.

    settling_rows: how many first rows of a sweep from one end to the other do not count.
    """
    known = frame[["setting", "time_s", "energy_j"]].apply(pd.to_numeric, errors="coerce")
    sound = (np.isfinite(known) & (known > 0)).all(axis=1).to_numpy()
    if not sound.any():
        return None
    frame = frame[sound]
    maximum = int(frame["setting"].max())
    warm = frame["warm"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    throttled = frame["throttled"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    applied = pd.to_numeric(frame["applied"], errors="coerce").to_numpy(dtype=float)
    elsewhere = np.isfinite(applied) & (applied != frame["setting"].to_numpy(dtype=float))
    order = frame["order"].rank(method="first").to_numpy(dtype=float)
    interleaved = _is_interleaved(order[warm], (frame["setting"] == maximum).to_numpy()[warm])
    settling = np.zeros(len(frame), dtype=bool) if interleaved else order <= settling_rows
    set_aside = {
        "unreadable": int((~sound).sum()),
        "cold": int((~warm).sum()),
        "throttled": int((warm & throttled).sum()),
        "not applied": int((warm & ~throttled & elsewhere).sum()),
        "settling": int((warm & ~throttled & ~elsewhere & settling).sum()),
    }
    rows = frame[warm & ~throttled & ~elsewhere & ~settling].sort_values("order", kind="stable")
    near = maximum if interleaved else NEAR_MAXIMUM_SHARE * maximum
    measured = tuple(sorted(int(one) for one in frame["setting"].unique()))
    return RawRows(rows, rows[rows["setting"] >= near], maximum, measured, interleaved, set_aside)


def _is_interleaved(order: np.ndarray, at_maximum: np.ndarray) -> bool:
    places = order[at_maximum]
    return len(places) >= 2 and float(np.ptp(places)) >= INTERLEAVED_SHARE * float(np.ptp(order))
