"""CodeCarbon's rows of one distributed run: every rank counted the whole machine."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from wattshed.accounts.marks.flags import add_flag
from wattshed.accounts.reading.codecarbon_rows import CODECARBON

COUNTED_AGAIN = "counted several times?"
# Ranks end one shortly after the other. CodeCarbon's time stamps have whole seconds, so that shorter runs which
# followed one another look the same.
END_S = 5.0
END_SHARE = 0.2
DURATION_SHARE = 0.05
SHORTEST_S = 5.0


def rank_groups(runs: pd.DataFrame) -> np.ndarray:
    """int [runs]: a number for each group of runs that counted one machine at the same time, -1 for the others.

    Equal hardware as far as the CSV describes it, the same end and the same duration within tolerances. A CSV does not
    name its host: two machines of one kind, used for one distributed run, look like one. Runs tracked by process
    without a GPU counted only their own part, and belong to no group.
    """
    groups = np.full(len(runs), -1, dtype=np.int64)
    foreign = (runs["origin"] == CODECARBON).to_numpy(dtype=bool)
    if not foreign.any():
        return groups
    rows = np.flatnonzero(foreign)
    texts = runs["labels"].iloc[rows].str.extract(r'"timestamp": "([^"]*)"')[0]
    # Times of one file have one form and no time zone: only their differences count.
    ends = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    end_s = ends.astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
    duration_s = runs["duration_s"].iloc[rows].to_numpy(dtype=np.float64, na_value=np.nan)
    # One machine is at one place.
    machine, _ = pd.factorize(runs["machine"].iloc[rows] + "\t" + runs["country_iso"].iloc[rows].fillna(""))
    own = runs["machine"].iloc[rows].str.contains('"tracking_mode": "process"', regex=False)
    alone = own.fillna(False).to_numpy(dtype=bool) & runs["gpu_kwh"].iloc[rows].isna().to_numpy()
    usable = ends.notna().to_numpy() & (duration_s >= SHORTEST_S) & (machine >= 0) & ~alone
    candidates = np.flatnonzero(usable)
    number = 0
    # Durations first: runs of other durations that end in between do not part the ranks of one run.
    for alike in _runs_of_near(
        candidates, (machine, np.log(np.maximum(duration_s, SHORTEST_S))), DURATION_SHARE
    ):
        tolerance_s = min(END_S, END_SHARE * float(duration_s[alike].min()))
        for together in _first_and_near(alike[np.argsort(end_s[alike], kind="stable")], end_s, tolerance_s):
            groups[rows[together]] = number
            number += 1
    return groups


def flag_ranks(runs: pd.DataFrame, groups: np.ndarray) -> pd.DataFrame:
    """The runs, those of a group of :func:`rank_groups` with a flag."""
    there = groups >= 0
    return runs.assign(flags=add_flag(runs["flags"], there, COUNTED_AGAIN)) if there.any() else runs


def once(runs: pd.DataFrame, groups: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """bool [runs], True for the ranks of a group but the one that lasted longest, and a sentence on each group."""
    again = np.zeros(len(runs), dtype=bool)
    said = []
    duration_s = runs["duration_s"].to_numpy(dtype=np.float64, na_value=0.0)
    # Members of a group are side by side.
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if len(members) < 2:
            continue
        kept = members[np.argmax(duration_s[members])]
        again[members] = True
        again[kept] = False
        said.append(
            f"{runs['path'].iloc[kept]}, run {runs['run_id'].iloc[kept]} and {len(members) - 1} others ended together "
            "on equal hardware after the same time: they count once, as ranks of one run."
        )
    return again, said


def _runs_of_near(rows: np.ndarray, keys: tuple[np.ndarray, np.ndarray], step: float) -> Iterator[np.ndarray]:
    """Rows of equal first key, parted where the second rises by more than ``step`` from one to the next."""
    first, second = keys
    order = rows[np.lexsort((second[rows], first[rows]))]
    parted = (np.diff(first[order]) != 0) | (np.diff(second[order]) > step)
    yield from (part for part in np.split(order, np.flatnonzero(parted) + 1) if len(part) > 1)


def _first_and_near(order: np.ndarray, at: np.ndarray, tolerance: float) -> Iterator[np.ndarray]:
    """Of rows in rising order of ``at``, those that are within the tolerance of the first of their group."""
    times, begin = at[order], 0
    while begin < len(order):
        end = int(np.searchsorted(times, times[begin] + tolerance, side="right"))
        if end - begin > 1:
            yield order[begin:end]
        begin = end
