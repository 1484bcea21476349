"""What was spent on results that no longer exist: jobs that failed, were killed, or were measured again.

Their records count in the totals, as runs of the stage ``superseded``, and nowhere else: they have no windows, so that
no mean, ladder or frontier and no guard takes them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.runs.runs import ledger_rows
from wattshed.energy.ledger.reading import parse_ledger
from wattshed.energy.ledger.records import is_ledger, is_record, is_set_aside, record_id_of, same_files
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage

Row = dict[str, Any]


def superseded_rows(ledgers: Iterable[Path], folders: Iterable[Path]) -> list[Row]:
    """The run of each ledger and record below ``folders`` that is none of ``ledgers``, the study's current results.

    Each job counts once, whatever names and copies it has. A job that was killed before metering began spent nothing
    that is known, and has no row. Raises :class:`Fault` for a file that cannot be read.
    """
    current = list(ledgers)
    found = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.jsonl*"))
        if is_ledger(path) and path.is_file()
    ]
    known = {record_id_of(path) for path in current} - {None}
    rows: dict[str, Row] = {}
    for same in same_files({*current, *found}, skip_missing=True):
        path = min(same, key=lambda path: (not is_record(path), path))
        job = record_id_of(path) or str(path)
        if job in known or not set(same).isdisjoint(current) or not _was_metered(path):
            continue
        row = superseded_row(path)
        # A copy may have been made before the job went on: the longest one holds all of it.
        if job not in rows or (row["attempts"], row["duration_s"]) > _length(rows[job]):
            rows[job] = row
    return sorted(rows.values(), key=lambda row: (row["started_utc"], row["path"]))


def superseded_row(path: Path | str) -> Row:
    """A record's run: its stage is ``superseded``, and ``of_stage`` is the one that it was measured in."""
    row, _ = ledger_rows(path, windows=False)
    return {**row, "stage": Stage.SUPERSEDED, "of_stage": row["stage"]}


def each_job_once(runs: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Which runs count [n], as booleans, and a sentence for each ledger that is a copy of another one.

    Of several files of one job, a ledger counts before a record, a record before an attempt set aside, and of equal
    ones the longest.
    """
    kept = np.ones(len(runs), dtype=bool)
    if "record_id" not in runs or not runs["record_id"].dropna().duplicated().any():
        return kept, []
    known = runs.reset_index(drop=True)
    known["rank"] = [2 if is_set_aside(path) else int(is_record(path)) for path in known["path"]]
    again = known[known["record_id"].notna() & known["record_id"].duplicated(keep=False)]
    again = again.sort_values(
        ["rank", "attempts", "duration_s"], ascending=[True, False, False], kind="stable"
    )
    copies = again[again["record_id"].duplicated()]
    kept[copies.index] = False
    first = again.drop_duplicates("record_id").set_index("record_id")
    reported = [
        f"{path} is a copy of {first.loc[record_id, 'path']}: it is counted once."
        for path, record_id, rank in zip(copies["path"], copies["record_id"], copies["rank"], strict=True)
        # Only copies of a ledger itself are worth a sentence.
        if rank == first.loc[record_id, "rank"] and not is_record(path)
    ]
    return kept, reported


def _length(row: Row) -> tuple[int, float]:
    return row["attempts"], row["duration_s"]


def _was_metered(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fault(
            f"{path} cannot be read ({error.strerror}), so what the study has spent is not known: expected a ledger "
            "that this user may read; change its rights."
        ) from error
    return any(attempt.sensors for attempt in parse_ledger(content, path).attempts)
