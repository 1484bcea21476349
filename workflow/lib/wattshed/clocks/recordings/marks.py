"""Marks: when the runs of a power log began and ended, and at which setting."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.delimited import Delimited, read_delimited
from wattshed.clocks.recordings.matching import match_columns
from wattshed.clocks.recordings.opening import head_of, read_text
from wattshed.clocks.recordings.quantities import numbers_of, words_of
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.stamps import (
    EPOCH_S,
    are_numbers,
    epoch_seconds,
    in_seconds,
    stamps_say_their_offset,
)
from wattshed.clocks.runs import KnobName
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault

ALIASES = {
    "run_id": ("run", "id"),
    "clock_mhz": ("frequency_mhz", "freq_mhz", "frequency"),
    "power_limit_w": ("power_limit",),
    "start": ("start_time", "start_s", "begin", "begin_s", "started"),
    "end": ("end_time", "end_s", "stop", "stop_s", "ended", "finish"),
    "duration_s": ("duration_seconds", "duration", "time_s"),
    "exit_code": ("returncode", "exit_status"),
    "status": ("state", "outcome"),
    "gpu": ("gpu_name",),
    "gpu_uuid": ("uuid",),
    "gpu_index": ("gpu_id", "index"),
    "workload": ("application", "app"),
}
# A file of durations may lack its header: these are its columns.
WITHOUT_HEADER = ["run_id", "frequency_mhz", "duration_seconds", "exit_code", "status"]
# What may say whose GPU a run was on; all that are filled must agree.
IDENTITIES = ("gpu", "gpu_uuid", "gpu_index")
MOST_APART_S, MOST_APART_SHARE = 2.0, 0.1
RUN_ID = re.compile(r"^(\d+)_(\d+)$")
SUCCEEDED = {"success", "succeeded", "successful", "ok", "done", "completed", "complete", "passed", "0"}


@dataclass(frozen=True)
class Marks:
    """frame: one row per run that succeeded, in the file's order: run_id, setting, repeat (from ``3_02``: 2; missing
    if the id says none), start_s, end_s, duration_s, :data:`IDENTITIES`, workload; missing where the file does not say.

    since: what start_s and end_s count from: the log's first sample, or 1970 UTC. failed: runs left out, and their
    ids. offset_known: the times since 1970 do not depend on ``time_zone``.
    """

    path: Path
    frame: pd.DataFrame
    knob: KnobName
    since: str
    failed: int
    offset_known: bool = False
    failed_ids: frozenset[str] = frozenset()


def read_marks(path: Path, block: RecordingBlock, note: Note) -> Marks:
    """Raises :class:`Fault` for a file that cannot be used, runs that end before they begin, and repeated ids."""
    content = read_text(path)
    first = head_of(content).strip().splitlines()[0].split(",")
    bare = len(first) == len(WITHOUT_HEADER) and RUN_ID.match(first[0].strip()) is not None
    cells = read_delimited(path, content, names=WITHOUT_HEADER if bare else None)
    # The keys columns and units are the log's: marks are read by their own names. A log has no clock_mhz.
    units = {name: unit for name, unit in block.units.items() if name == "clock_mhz"}
    own = block.model_copy(update={"columns": {}, "units": units})
    found = match_columns(path, cells.names, ALIASES, own)
    if "run_id" not in found:
        raise Fault(
            f"{path} has no column run_id: it has {', '.join(cells.names)}; expected a name for each run; add it."
        )
    knob = _knob(path, found, block)
    column = "clock_mhz" if knob == "clock" else "power_limit_w"
    if "end" in found and "start" not in found:
        raise Fault(f"{path} has ends but no starts of runs: expected start and end; add the column start.")
    if "start" in found and not {"end", "duration_s"} & set(found):
        raise Fault(
            f"{path} has starts but no ends of runs: expected start and end; add the column end or duration_s."
        )
    frame = pd.DataFrame({"run_id": words_of(cells, found["run_id"]).astype("object")})
    frame["setting"] = numbers_of(cells, found[column], column, own)
    for ours in (*IDENTITIES, "workload"):
        frame[ours] = words_of(cells, found[ours]) if ours in found else pd.NA
    duration = numbers_of(cells, found["duration_s"], "time_s", own) if "duration_s" in found else np.nan
    frame["duration_s"] = duration
    good = _succeeded(cells, found)
    if not good.any():
        raise Fault(f"{path}: none of its {len(frame)} runs succeeded: expected runs with exit code 0.")
    since = _windows(cells, found, frame, good, own)
    _check(cells, frame, good)
    if failed := int((~good).sum()):
        note(f"{path}: {failed} of {len(frame)} runs failed and are left out.")
    parts = frame["run_id"].astype(str).str.extract(RUN_ID)
    frame["repeat"] = pd.to_numeric(parts[1]).astype("Int64")
    known = since == "1970" and stamps_say_their_offset(
        cells.table.take(np.flatnonzero(good)).column(found["start"])
    )
    failed_ids = frozenset(frame["run_id"][~good].astype(str))
    return Marks(path, frame[good].reset_index(drop=True), knob, since, failed, known, failed_ids)


def _knob(path: Path, found: dict[str, str], block: RecordingBlock) -> KnobName:
    both = [
        knob for knob, name in (("clock", "clock_mhz"), ("power_limit", "power_limit_w")) if name in found
    ]
    if block.knob != "auto" and block.knob in both:
        return block.knob
    if not both or block.knob != "auto":
        wanted = "frequency_mhz or power_limit_w" if block.knob == "auto" else f"one of the {block.knob}"
        raise Fault(f"{path} does not say the runs' settings: expected a column {wanted}; add it.")
    if len(both) > 1:
        raise Fault(f"{path} has clocks and power limits: say by the key knob which of them was swept.")
    return "clock" if both[0] == "clock" else "power_limit"


def _succeeded(cells: Delimited, found: dict[str, str]) -> np.ndarray:
    good = np.ones(cells.table.num_rows, dtype=bool)
    for name in ("exit_code", "status"):
        if name in found:
            words = words_of(cells, found[name]).str.lower().str.removesuffix(".0")
            good &= (words.isna() | words.isin(SUCCEEDED)).to_numpy(bool)
    return good


def _windows(
    cells: Delimited, found: dict[str, str], frame: pd.DataFrame, good: np.ndarray, own: RecordingBlock
) -> str:
    """Fill start_s and end_s; returns what they count from."""
    frame["start_s"] = frame["end_s"] = np.nan
    if "start" not in found:
        return "first sample"
    names = ["start", "end"] if "end" in found else ["start"]
    if are_numbers(cells.texts(found["start"])):
        for name in names:
            frame[f"{name}_s"] = in_seconds(numbers_of(cells, found[name], "time_s", own))
        since = "1970" if float(frame["start_s"].max()) > EPOCH_S else "first sample"
    else:
        # Starts and ends in turn, so that an hour that occurs twice is found by its jump back. A failed run may lack
        # its end.
        rows = np.flatnonzero(good)
        table = cells.table.take(rows)
        mixed = [column for name in names for column in [table.column(found[name]).to_pylist()]]
        turns = [text for pair in zip(*mixed, strict=True) for text in pair]

        def line(turn: int) -> int:
            return cells.line(int(rows[turn // len(names)]))

        passed_s, first_s = epoch_seconds(_chunked(turns), own.time_zone or "UTC", str(cells.path), line)
        for number, name in enumerate(names):
            frame.loc[rows, f"{name}_s"] = first_s + passed_s[number :: len(names)]
        since = "1970"
    if "end" not in found:
        frame["end_s"] = frame["start_s"] + frame["duration_s"]
    return since


def _chunked(texts: list[str]):  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.chunked_array([pa.array(texts, pa.string())])


def _check(cells: Delimited, frame: pd.DataFrame, good: np.ndarray) -> None:
    ids = frame["run_id"]
    if ids[good].isna().any():
        raise Fault(
            f"{cells.path}, line {cells.line(int(np.argmax(ids.isna() & good)))}: the run has no run_id."
        )
    again = (ids.duplicated() & good).to_numpy()
    if again.any():
        row = int(np.argmax(again))
        other = int(np.argmax((ids == ids[row]).to_numpy()))
        raise Fault(
            f"{cells.path}, lines {cells.line(other)} and {cells.line(row)} mark the run {ids[row]!r}: "
            "expected each run "
            "once; remove one of them."
        )
    lacking = (frame["setting"].isna().to_numpy() | (frame["setting"] <= 0).to_numpy()) & good
    if lacking.any():
        row = int(np.argmax(lacking))
        raise Fault(f"{cells.path}, line {cells.line(row)}: the run {ids[row]!r} has no setting above 0.")
    if frame["start_s"].notna().any():
        for name in ("start", "end"):
            empty = frame[f"{name}_s"].isna().to_numpy() & good
            if empty.any():
                row = int(np.argmax(empty))
                raise Fault(
                    f"{cells.path}, line {cells.line(row)}: the run {ids[row]!r} has no {name}: expected one; add it, "
                    "or mark the run as failed."
                )
        _check_durations(cells, frame, good)
        wrong = ~(frame["end_s"] > frame["start_s"]).to_numpy() & good
        what = "does not end after it begins"
    else:
        wrong = (frame["duration_s"] <= 0).to_numpy() & good
        what = "takes no time"
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Fault(
            f"{cells.path}, line {cells.line(row)}: the run {ids[row]!r} {what}: correct or remove the line."
        )


def _check_durations(cells: Delimited, frame: pd.DataFrame, good: np.ndarray) -> None:
    """Raise :class:`Fault` for a stated duration that is not the time from start to end."""
    between = (frame["end_s"] - frame["start_s"]).to_numpy(float)
    stated = frame["duration_s"].to_numpy(float)
    # Durations may be whole seconds.
    apart = good & (np.abs(stated - between) > np.maximum(MOST_APART_S, MOST_APART_SHARE * between))
    if apart.any():
        row = int(np.argmax(apart))
        raise Fault(
            f"{cells.path}, line {cells.line(row)}: the run {frame['run_id'][row]!r} goes on for {between[row]:g} s by "
            f"start and end, but {stated[row]:g} s by its duration: expected one time; correct or remove one of them."
        )
