"""Puts readings with time stamps on a complete hourly UTC axis; hours without a reading are gaps."""

import re
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

OFFSET = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)$")
# A mistyped year must not create a terabyte of empty hours.
MOST_HOURS_PER_READING = 100


def utc_seconds(times: pd.Series, timezone: str, where: str, node: pd.Series | None = None) -> np.ndarray:
    """Seconds since 1970 UTC [rows] of ISO 8601 text or datetimes.

    Times with an offset are taken as they are, times without one are local times of ``timezone``. When clocks are set
    back in autumn, one local hour occurs twice: of two readings of one ``node`` in it, the earlier row is the earlier
    hour; a single one counts as the first. ``times`` is indexed by the row numbers of ``where``, for the messages.

    Raises :class:`Fault` for empty, unreadable, mixed and non-existent (spring) times.
    """
    empty = times.isna()
    if empty.any():
        raise Fault(
            f"{where}: row {times.index[empty][0]}: the time is empty; expected one such as "
            "2021-03-01 13:00: fill it in or delete the row."
        )
    stamps = times if pd.api.types.is_datetime64_any_dtype(times) else _parse(times.astype(str), where)
    if stamps.dt.tz is None:
        stamps = localise(stamps, timezone, where, node)
    return stamps.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)


def _parse(texts: pd.Series, where: str) -> pd.Series:
    # Time stamps repeat for each node of a long table, so every text is read once.
    codes, unique = pd.factorize(texts)
    aware = np.array([OFFSET.search(text) is not None for text in unique])[codes]
    if bool((aware != aware[0]).any()):
        row = int(np.argmax(aware != aware[0]))
        raise Fault(
            f"{where}: row {texts.index[row]}: time {texts.iloc[row]!r} has {'a' if aware[row] else 'no'} UTC "
            "offset, unlike the rows before it; expected all with or all without: write them in one way."
        )
    stamps = pd.to_datetime(pd.Series(unique), format="ISO8601", errors="coerce", utc=bool(aware[0]))
    parsed = stamps.take(codes).set_axis(texts.index)
    bad = parsed.isna().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise Fault(
            f"{where}: row {texts.index[row]}: time {texts.iloc[row]!r} cannot be read; expected ISO 8601 such "
            "as 2021-03-01 13:00 or 2021-03-01T13:00:00+01:00: rewrite the column."
        )
    return parsed


def localise(naive: pd.Series, timezone: str, where: str, node: pd.Series | None = None) -> pd.Series:
    """Local times without offset as times in ``timezone``; see :func:`utc_seconds`."""
    zone = ZoneInfo(timezone)
    daylight = naive.dt.tz_localize(zone, ambiguous=np.ones(len(naive), bool), nonexistent="NaT")
    standard = naive.dt.tz_localize(zone, ambiguous=np.zeros(len(naive), bool), nonexistent="NaT")
    skipped = daylight.isna().to_numpy()
    if skipped.any():
        row = int(np.argmax(skipped))
        raise Fault(
            f"{where}: row {naive.index[row]}: local time {naive.iloc[row]} does not exist in {timezone}, whose "
            "clocks skip it in spring; expected local times of the source's timezone: set timezone to the "
            "zone in which the file is written (perhaps UTC)."
        )
    keys = {"time": naive} if node is None else {"time": naive, "node": node}
    second = pd.DataFrame(keys).duplicated() & (daylight != standard)
    return daylight.mask(second, standard)


def hours_of(
    seconds: np.ndarray, rows: pd.Index, where: str, node: pd.Series | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Complete axis datetime64[s] UTC [T], and the position of each reading on it [readings]; readings in any order.

    seconds: since 1970 UTC; rows: row number of each reading in ``where``; node: its node, None if a row holds all
    nodes. Raises :class:`Fault` for two readings of one node in one hour, readings between the hours, and an
    implausibly long span.
    """
    axis = hourly_axis(seconds, rows, where)
    keys = {"time": seconds} if node is None else {"time": seconds, "node": node.to_numpy()}
    again = pd.DataFrame(keys).duplicated().to_numpy()
    if again.any():
        row = int(np.argmax(again))
        whose = "" if node is None else f" of node {node.iloc[row]!r}"
        raise Fault(
            f"{where}: row {rows[row]}: a second reading{whose} at {utc_text(seconds[row])} UTC; expected one "
            "for each hour: delete one."
        )
    return axis, (seconds - int(seconds.min())) // HOUR_S


def hourly_axis(seconds: np.ndarray, rows: pd.Index, where: str) -> np.ndarray:
    """All hours from the first to the last reading: datetime64[s] UTC [T]; faults as above."""
    first = int(seconds.min())
    between = (seconds - first) % HOUR_S != 0
    if between.any():
        row = int(np.argmax(between))
        raise Fault(
            f"{where}: row {rows[row]}: {utc_text(seconds[row])} UTC is not a whole number of hours after the "
            f"first reading ({utc_text(first)}); expected hourly readings: sum or average them to hours first."
        )
    hours = int(seconds.max() - first) // HOUR_S + 1
    filled = len(np.unique(seconds))
    if hours > MOST_HOURS_PER_READING * filled:
        raise Fault(
            f"{where}: readings in {filled} hours span {utc_text(first)} to {utc_text(seconds.max())} UTC "
            f"({hours} h); expected hourly readings: look for a mistyped date."
        )
    return (first + HOUR_S * np.arange(hours)).astype("datetime64[s]")


def utc_text(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s")).replace("T", " ")
