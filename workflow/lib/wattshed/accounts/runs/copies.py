"""Records that lie in a folder several times count once: copies of ledgers, of CSVs, and of single rows."""

import numpy as np
import pandas as pd

from wattshed.accounts.reading.foreign import CODECARBON, COPY_KEY
from wattshed.accounts.runs.basis import LEDGER
from wattshed.accounts.runs.own_exports import mark_exports
from wattshed.foundation.opening.regular_files import DAMAGED, read_regular

# What two ledgers of one job have in common before their bytes are compared.
SAME_JOB = ("job", "host", "started_utc", "duration_s", "energy_kwh", "attempts")


def copied(runs: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """bool [runs], True for a run that another row holds too, and a sentence on each.

    Foreign runs are known by their ``run_id``, of which the longest record counts, and rows without one by their
    content; ledgers by their bytes.
    """
    copy = np.zeros(len(runs), dtype=bool)
    said: list[str] = []
    foreign = runs[runs["origin"] == CODECARBON]
    longest = foreign.sort_values("duration_s", ascending=False, kind="stable")
    _mark(longest, "run_id", copy, said)
    if COPY_KEY in runs:
        _mark(foreign[foreign[COPY_KEY].notna()], COPY_KEY, copy, said)
    mark_exports(runs, copy, said)
    ledgers = runs[runs["origin"] == LEDGER]
    # Two numbers first: they are compared faster than texts, and seldom agree.
    again = ledgers[ledgers.duplicated(["energy_kwh", "duration_s"], keep=False)]
    again = again[again.duplicated(list(SAME_JOB), keep=False)]
    for _, group in again.groupby(list(SAME_JOB), dropna=False, sort=False):
        _mark_same_bytes(group, copy, said)
    return copy, said


def _mark(rows: pd.DataFrame, key: str, copy: np.ndarray, said: list[str]) -> None:
    copies = rows[rows[key].duplicated()]
    if copies.empty:
        return
    kept = rows[rows[key].isin(copies[key])].drop_duplicates(key).set_index(key, drop=False)
    for row, path, name, run_id in zip(
        copies.index, copies["path"], copies[key], copies["run_id"], strict=True
    ):
        copy[row] = True
        first = kept.loc[name]
        if first["run_id"] == run_id:
            said.append(
                f"{path} holds run {run_id} again, which {first['path']} holds too: it is counted once."
            )
        else:
            said.append(f"{run_id} is a copy of {first['run_id']}: it is counted once.")


def _mark_same_bytes(group: pd.DataFrame, copy: np.ndarray, said: list[str]) -> None:
    known: dict[bytes, str] = {}
    for row, path in zip(group.index, group["path"], strict=True):
        try:
            content = read_regular(path)
        except DAMAGED:
            continue
        first = known.setdefault(content, path)
        if first != path:
            copy[row] = True
            said.append(f"{path} is a copy of {first}: it is counted once.")
