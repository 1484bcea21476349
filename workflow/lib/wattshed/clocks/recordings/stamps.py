"""Time stamps of logs and marks as seconds since 1970 UTC."""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.foundation.faults import Fault

NUMBER = re.compile(r"^\s*[-+]?\d+([.,]\d*)?([eE][-+]?\d+)?\s*$")
OFFSET = r"(?i)(?:Z|[+-]\d\d(?::?\d\d)?)$"
# When clocks are set back, local times jump by this; the logger's own pause adds to it.
HOUR_S = 3600.0
# Later than 2001: seconds since 1970, and not since a log's begin. Beyond these: milli-, micro- and nanoseconds.
EPOCH_S, EPOCH_MS, EPOCH_US, EPOCH_NS = 1e9, 1e11, 1e14, 1e17


def are_numbers(texts: pa.ChunkedArray) -> bool:
    """Whether the first cells that are filled are plain numbers and not time stamps."""
    filled = [text for text in texts.slice(0, 100).to_pylist() if text and text.strip()]
    return bool(filled) and all(NUMBER.match(text) for text in filled)


def in_seconds(times: np.ndarray) -> np.ndarray:
    """Times since 1970 in seconds, by their size; shorter ones count from a log's begin and stay as they are."""
    largest = float(np.nanmax(times, initial=0.0))
    for least, per_second in ((EPOCH_NS, 1e9), (EPOCH_US, 1e6), (EPOCH_MS, 1e3)):
        if largest >= least:
            return times / per_second
    return times


def stamps_say_their_offset(texts: pa.ChunkedArray) -> bool:
    """Whether the first cell is a time that needs no time zone: with an offset, or a number."""
    return are_numbers(texts) or bool(re.search(OFFSET, (texts[0].as_py() or "").strip()[10:]))


def epoch_seconds(
    texts: pa.ChunkedArray, time_zone: str, where: str, line: Callable[[int], int] | None = None
) -> tuple[np.ndarray, float]:
    """Seconds since the first stamp [rows], and that stamp as seconds since 1970 UTC.

    line: gives the number of a row's line, for messages. Stamps without an offset are local times of ``time_zone``.
    Where its clocks are set back, the local hour occurs twice: stamps before the jump are summer time. Raises
    :class:`Fault` for what is not a time stamp.
    """
    trimmed = pc.replace_substring(pc.utf8_trim(texts, characters=' \t"'), "/", "-")
    if trimmed[0].as_py().endswith((" UTC", " GMT")):
        trimmed = pc.replace_substring_regex(trimmed, " (UTC|GMT)$", "Z")
    aware = stamps_say_their_offset(trimmed)
    try:
        stamps = pc.cast(trimmed, pa.timestamp("ns", "UTC" if aware else None))
    except pa.ArrowInvalid:
        stamps = _read_slowly(trimmed, texts, aware, where, line)
    if stamps.null_count:
        at = _at(where, line, int(np.argmax(stamps.is_null().to_numpy(zero_copy_only=False))))
        raise Fault(f"{at}: the time stamp is empty: expected one in each line; correct or remove the line.")
    counts = np.asarray(pc.cast(stamps, pa.int64()).to_numpy(), dtype=np.int64)
    if not aware and time_zone != "UTC":
        counts = _from_local(counts, time_zone, where)
    return (counts - counts[0]) / 1e9, float(counts[0]) / 1e9


def _at(where: str, line: Callable[[int], int] | None, row: int) -> str:
    return where if line is None else f"{where}, line {line(row)}"


def _read_slowly(
    texts: pa.ChunkedArray,
    written: pa.ChunkedArray,
    aware: bool,
    where: str,
    line: Callable[[int], int] | None,
) -> pa.Array:
    words = texts.to_pandas()
    mixed = (words.str.slice(10).str.contains(OFFSET, regex=True) != aware).to_numpy(bool)
    words = words.mask(mixed)  # a stamp with an offset among others without, or the other way round
    read = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=aware)
    if read.isna().any():
        row = int(np.argmax(read.isna()))
        raise Fault(
            f"{_at(where, line, row)}: the time stamp {written[row].as_py()!r} cannot be read: expected one such as "
            "2026/03/01 12:00:00.250, all with or all without offset; correct or remove the line."
        )
    return pa.array(read.dt.tz_localize(None) if aware else read, type=pa.timestamp("ns"))


def _from_local(counts: np.ndarray, time_zone: str, where: str) -> np.ndarray:
    local = pd.DatetimeIndex(counts.view("datetime64[ns]"))
    # Of the hour that occurs twice, what comes before the first jump back is the first.
    jumped = np.concatenate([[False], np.cumsum(np.diff(counts) < -0.5e9 * HOUR_S) > 0])
    try:
        zoned = local.tz_localize(ZoneInfo(time_zone), ambiguous=~jumped, nonexistent="raise")
    except (ValueError, OverflowError) as error:
        raise Fault(
            f"{where}: a local time does not exist in {time_zone} ({' '.join(str(error).split())}): expected times of "
            "that zone; correct time_zone."
        ) from error
    return np.asarray(zoned.tz_convert("UTC").asi8, dtype=np.int64)


def check_forward(time_s: np.ndarray, lines: "np.ndarray | None", where: str) -> None:
    """Raise :class:`Fault` if times of one GPU go back. lines: numbers of its rows in the file, counted from 0."""
    back = np.flatnonzero(np.diff(time_s) < 0)
    if not len(back):
        return
    at = int(back[0]) + 1
    by_s = float(time_s[at - 1] - time_s[at])
    row = at if lines is None else int(lines[at])
    hint = (
        "clocks were set back there: set time_zone to the log's zone"
        if 0.8 * HOUR_S < by_s <= HOUR_S
        else "sort the log, or cut it where the clock was set"
    )
    raise Fault(
        f"{where}: the time goes back by {by_s:g} s at row {row + 1}: expected times that rise; {hint}."
    )
